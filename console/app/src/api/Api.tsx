// Gives the pages a client of the API: a new one with each key, so that nothing of one key's is shown to another.
import { useMemo, type ReactNode } from 'react';
import { Provider } from 'urql';
import { createClient } from './client';
import { useSession } from './session';

export function Api({ children }: { readonly children: ReactNode }) {
  const { key } = useSession();
  // eslint-disable-next-line react-hooks/exhaustive-deps -- the client's memory belongs to the key
  const client = useMemo(() => createClient(), [key]);
  return <Provider value={client}>{children}</Provider>;
}
