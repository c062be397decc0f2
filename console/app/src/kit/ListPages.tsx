// The way through a list that has more than one page.
import { Button } from './Button';
import style from './Form.module.css';

export interface ListPagesProps {
  readonly page: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  /** The cursor of the page that is shown; undefined of the first one. */
  readonly after: string | undefined;
  readonly onPage: (after: string | undefined) => void;
}

export function ListPages({ page, after, onPage }: ListPagesProps) {
  if (after === undefined && !page.hasNextPage) return null;
  return (
    <nav className={style.pages} aria-label="Pages of the list">
      <Button disabled={after === undefined} onClick={() => onPage(undefined)}>
        « First
      </Button>
      <Button disabled={!page.hasNextPage} onClick={() => onPage(page.endCursor ?? undefined)}>
        Next ›
      </Button>
    </nav>
  );
}
