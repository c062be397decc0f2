// The one whose key is in use, and what it may do: what its role may not do is not offered.
import { useCallback } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../graphql';
import type { PrincipalQuery } from '../graphql/graphql';

const PRINCIPAL = graphql(`
  query Principal {
    principal {
      name
      role
      deniedFields
    }
  }
`);

export type Principal = PrincipalQuery['principal'];

/** undefined until it is known, which is asked once for each key. */
export function usePrincipal(): Principal | undefined {
  const [{ data }] = useQuery<PrincipalQuery>({ query: PRINCIPAL.toString(), requestPolicy: 'cache-first' });
  return data?.principal;
}

/** A field of the API, such as `Mutation.cancelExecution` or `Query.secrets`. */
export type FieldName = `${'Mutation' | 'Query' | 'Webhook' | 'WorkflowExecution'}.${string}`;

/** `may('Mutation.cancelExecution')`: true once it is known that the role allows this field. */
export function useMay(): (field: FieldName) => boolean {
  const denied = usePrincipal()?.deniedFields;
  return useCallback((field) => denied !== undefined && !denied.includes(field), [denied]);
}
