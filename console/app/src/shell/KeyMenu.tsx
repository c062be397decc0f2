// The key that is in use, and putting it down. Nothing where no key is asked for.
import { signOut, useSession } from '../api/session';
import { Item, Menu } from '../kit/Menu';

export function KeyMenu() {
  const { key } = useSession();
  if (key === null) return null;
  return (
    <Menu label={`${key.slice(0, 9)}…`}>
      <Item onChoose={signOut}>Sign out</Item>
    </Menu>
  );
}
