// A state: its shape, its word and its tone.
import { shapeOf, toneOf, wordOf, type Shape } from './states';
import style from './Status.module.css';

export function Status({ status, quiet = false }: { readonly status: string; readonly quiet?: boolean }) {
  return (
    <span className={style.status} data-tone={toneOf(status)}>
      <StateMark status={status} />
      <span className={quiet ? 'unseen' : undefined}>{wordOf(status)}</span>
    </span>
  );
}

/** The shape alone, for where the word stands beside it. */
export function StateMark({ status }: { readonly status: string }) {
  return (
    <svg className={style.mark} data-tone={toneOf(status)} viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      {DRAWN[shapeOf(status)]}
    </svg>
  );
}

const stroke = { fill: 'none', stroke: 'currentColor', strokeWidth: 1.8, strokeLinecap: 'round', strokeLinejoin: 'round' } as const;
const thin = { ...stroke, strokeWidth: 1.4 } as const;

const DRAWN: Readonly<Record<Shape, React.ReactNode>> = {
  dot: <circle cx="6" cy="6" r="4.2" fill="currentColor" />,
  ring: <circle cx="6" cy="6" r="3.8" {...thin} />,
  half: (
    <>
      <circle cx="6" cy="6" r="4.2" {...thin} />
      <path d="M6 1.8a4.2 4.2 0 0 1 0 8.4z" fill="currentColor" />
    </>
  ),
  hourglass: <path d="M2.8 1.5h6.4M2.8 10.5h6.4M3.5 1.5c0 3 5 3 5 4.5s-5 1.5-5 4.5M8.5 1.5c0 3-5 3-5 4.5s5 1.5 5 4.5" {...thin} />,
  check: <path d="M2 6.5 4.8 9.2 10 3" {...stroke} />,
  cross: <path d="m2.6 2.6 6.8 6.8M9.4 2.6 2.6 9.4" {...stroke} />,
  barred: (
    <>
      <circle cx="6" cy="6" r="4.3" {...thin} />
      <path d="m3 9 6-6" {...thin} />
    </>
  ),
  skip: <path d="M1.5 6h6M5 3l3 3-3 3M10.3 2.5v7" {...thin} />,
  pause: <path d="M4 2.2v7.6M8 2.2v7.6" {...stroke} />,
  bang: <path d="M6 1.8v5M6 9.9v.1" {...stroke} />,
  pen: <path d="M2 10l.6-2.6L8.4 1.6 10.4 3.6 4.6 9.4z" {...thin} />,
};
