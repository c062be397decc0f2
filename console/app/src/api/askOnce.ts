// A query asked once, past whatever is remembered: for what is not shown as it is, but worked into something else.
import type { AnyVariables, Client } from 'urql';
import type { TypedDocumentString } from '../graphql/graphql';
import { failureOf, type Failure } from './failure';

export async function askOnce<Data, Variables extends AnyVariables>(
  client: Client,
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
): Promise<{ readonly data: Data } | { readonly failure: Failure }> {
  const answer = client.query<Data>(document.toString(), variables, { requestPolicy: 'network-only' });
  const { data, error } = await answer.toPromise();
  if (error !== undefined) return { failure: failureOf(error) };
  if (data === undefined)
    return { failure: { kind: 'refused', code: null, message: 'The API answered with nothing.' } };
  return { data };
}
