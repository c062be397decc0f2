// The page for addresses that there are not.
import { Link } from '@tanstack/react-router';
import { buttonClass } from '../../kit/Button';
import { Empty } from '../../kit/Notes';
import { Page } from '../../kit/Page';

export function NotFound() {
  return (
    <Page heading="There is no such page">
      <Empty
        title="Nothing has this address."
        action={
          <Link to="/" className={buttonClass()}>
            To the overview
          </Link>
        }
      >
        <code>{window.location.pathname}</code>
      </Empty>
    </Page>
  );
}
