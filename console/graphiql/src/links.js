// Links to an operation: /graphiql/?query=…&variables=… opens it in a tab.

/** What the address asks to be opened, or null. */
export function operationFromAddress(address) {
  const parameters = new URL(address).searchParams;
  const query = parameters.get('query');
  return query === null ? null : { query, variables: parameters.get('variables') ?? undefined };
}

/** The address that opens this operation. Headers are left out: they may hold a key. */
export function addressOfOperation(address, { query, variables }) {
  const link = new URL(address);
  link.hash = '';
  link.search = '';
  link.searchParams.set('query', query);
  if (variables?.trim()) link.searchParams.set('variables', variables);
  return link.href;
}
