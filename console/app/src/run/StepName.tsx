// The name of a row: how deep it is, what can be opened, its state, and what it is called.
import { StateMark } from '../kit/Status';
import { wordOf } from '../kit/states';
import { statusOfAttempt } from './segments';
import type { Row } from './rows';
import type { StepStatus } from './model';
import { countsOf } from './tree';
import style from './Rows.module.css';

export function StepName({ row, onToggle }: { readonly row: Row; readonly onToggle: (key: string) => void }) {
  const status = statusOfRow(row);
  return (
    <span className={style.name} style={{ paddingInlineStart: row.depth * 16 }}>
      {row.canOpen ? (
        <button
          type="button"
          className={style.toggle}
          tabIndex={-1}
          aria-label={row.isOpen ? 'Close' : 'Open'}
          onClick={(press) => {
            press.stopPropagation();
            onToggle(row.key);
          }}
        >
          <svg viewBox="0 0 8 8" width="8" height="8" aria-hidden="true" data-open={row.isOpen || undefined}>
            <path d="m2.5 1 3 3-3 3" fill="none" stroke="currentColor" strokeWidth="1.4" />
          </svg>
        </button>
      ) : (
        <span className={style.toggle} />
      )}
      <StateMark status={status} />
      <span className="unseen">{wordOf(status)}: </span>
      <Title row={row} />
    </span>
  );
}

function Title({ row }: { readonly row: Row }) {
  if (row.kind === 'attempt') return <span className={style.soft}>attempt {row.attempt.number}</span>;
  if (row.kind === 'block') return <span className={style.title}>{row.block.label}</span>;
  return (
    <>
      <span className={style.title} title={row.step.path}>
        {row.block !== null && <span className={style.soft}>{row.block} </span>}
        {row.step.stepId}
      </span>
      {row.node.step.type === 'FOR_EACH' && row.node.blocks.length > 0 && <Items row={row} />}
    </>
  );
}

const COUNTED: readonly StepStatus[] = ['FAILED', 'WAITING', 'RUNNING', 'COMPLETED'];

/** How many items are in which state, and the whole, for a loop that is one row. */
function Items({ row }: { readonly row: Extract<Row, { kind: 'step' }> }) {
  const counts = countsOf(row.node);
  return (
    <span className={style.counts} title={`${row.node.blocks.length} items begun`}>
      {COUNTED.filter((status) => counts[status] > 0).map((status) => (
        <span key={status} className={style.count}>
          <StateMark status={status} />
          {counts[status].toLocaleString('en-US')}
          <span className="unseen"> {wordOf(status)}</span>
        </span>
      ))}
    </span>
  );
}

/** The state that a row stands for. */
export function statusOfRow(row: Row): StepStatus {
  if (row.kind === 'block') return row.status;
  if (row.kind === 'step') return row.step.status;
  const { attempts } = row.step;
  return statusOfAttempt(row.step, row.attempt, row.attempt === attempts[attempts.length - 1]);
}
