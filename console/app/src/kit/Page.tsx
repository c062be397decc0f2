// The frame of every page: its landmark, its heading, its title, and what can be done with it.
import { useEffect, type ReactNode } from 'react';
import style from './Page.module.css';

export interface PageProps {
  /** The heading; the browser's title begins with it. */
  readonly heading: string;
  /** Beside the heading: a count, a state. */
  readonly note?: ReactNode;
  /** What can be done, at the end of the heading's line. */
  readonly actions?: ReactNode;
  readonly title?: string;
  readonly children: ReactNode;
}

export function Page({ heading, note, actions, title = heading, children }: PageProps) {
  useTitle(title);
  return (
    <main id="main" className={style.page} tabIndex={-1}>
      <header className={style.head}>
        <h1>{heading}</h1>
        {note !== undefined && <div className={style.note}>{note}</div>}
        {actions !== undefined && <div className={style.actions}>{actions}</div>}
      </header>
      {children}
    </main>
  );
}

/** Names the page in the browser's title. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Stepgraph`;
  }, [title]);
}

/** A part of a page with a heading of its own. */
export function Section({
  heading,
  actions,
  children,
}: {
  readonly heading: string;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <section className={style.section}>
      <header className={style.head}>
        <h2>{heading}</h2>
        {actions !== undefined && <div className={style.actions}>{actions}</div>}
      </header>
      {children}
    </section>
  );
}
