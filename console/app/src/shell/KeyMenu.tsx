// The key that is in use, with its role, and putting it down. Nothing where no key is asked for.
import { usePrincipal } from '../api/principal';
import { signOut, useSession } from '../api/session';
import { Item, Menu } from '../kit/Menu';

export function KeyMenu() {
  const { key } = useSession();
  return key === null ? null : <KeyMenuOf token={key} />;
}

function KeyMenuOf({ token }: { readonly token: string }) {
  const principal = usePrincipal();
  return (
    <Menu label={principal === undefined ? `${token.slice(0, 9)}…` : `${principal.name}, ${principal.role.toLowerCase()}`}>
      <Item onChoose={signOut}>Sign out</Item>
    </Menu>
  );
}
