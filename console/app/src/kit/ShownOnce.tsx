// A value that the API gives this once, to be copied before it is put away.
import type { ReactNode } from 'react';
import { Button } from './Button';
import { CopyButton } from './CopyButton';
import style from './ShownOnce.module.css';
import { StateMark } from './Status';

export interface ShownOnceProps {
  /** What it is, such as "token". */
  readonly what: string;
  readonly value: string;
  readonly onDone: () => void;
  /** What it is for. */
  readonly children?: ReactNode;
}

export function ShownOnce({ what, value, onDone, children }: ShownOnceProps) {
  return (
    <div className={style.once}>
      <p className={style.warning} role="status">
        <StateMark status="DEGRADED" /> This {what} is shown this once. Copy it now.
      </p>
      <div className={style.value}>
        <output aria-label={`The ${what}`}>{value}</output>
        <CopyButton text={value} what={`the ${what}`} />
      </div>
      {children !== undefined && <div className={style.text}>{children}</div>}
      <div>
        <Button kind="primary" onClick={onDone}>
          I have copied it
        </Button>
      </div>
    </div>
  );
}
