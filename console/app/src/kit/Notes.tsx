// What a page shows in place of its content: nothing there yet, not there at all, refused, cut off, on its way.
import type { ReactNode } from 'react';
import type { Failure } from '../api/failure';
import { Button } from './Button';
import style from './Notes.module.css';

/** What would be here, and how to get it. */
export function Empty({ title, children, action }: { readonly title: string; readonly children?: ReactNode; readonly action?: ReactNode }) {
  return (
    <div className={style.note}>
      <p className={style.title}>{title}</p>
      {children !== undefined && <div className={style.text}>{children}</div>}
      {action !== undefined && <div className={style.action}>{action}</div>}
    </div>
  );
}

const TITLES: Readonly<Record<Failure['kind'], string>> = {
  forbidden: 'Not for this key',
  unauthenticated: 'A key is needed',
  disconnected: 'No answer',
  refused: 'That did not work',
};

/** What the API said, with its code, and what to do next. */
export function FailureNote({ failure, again }: { readonly failure: Failure; readonly again?: (() => void) | undefined }) {
  return (
    <div className={style.note} role="alert" data-kind={failure.kind}>
      <p className={style.title}>{TITLES[failure.kind]}</p>
      <div className={style.text}>
        {failure.message}
        {failure.kind === 'disconnected' && ' Is Stepgraph running, and the network there?'}
        {failure.code !== null && <code className={style.code}>{failure.code}</code>}
      </div>
      {again !== undefined && failure.kind !== 'forbidden' && (
        <div className={style.action}>
          <Button onClick={again}>Try again</Button>
        </div>
      )}
    </div>
  );
}

/** A failure in a line, beside what is still shown or above the button that caused it. */
export function FailureLine({ failure }: { readonly failure: Failure }) {
  return (
    <p className={style.line} role="alert">
      {failure.message}
      {failure.code !== null && <code className={style.code}>{failure.code}</code>}
    </p>
  );
}

/** Rows of the height that is to come, so that nothing moves when it does. */
export function Loading({ rows = 8, label = 'Loading' }: { readonly rows?: number; readonly label?: string }) {
  return (
    <div className={style.loading} role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className={style.bar} />
      ))}
    </div>
  );
}
