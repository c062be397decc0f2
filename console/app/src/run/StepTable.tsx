// The same steps as a table: their types, states, attempts, times, and what went wrong.
import { clockTime, spell } from '../kit/times';
import { wordOf } from '../kit/states';
import { extentOf, type Row } from './rows';
import { Rows, type RowsProps } from './Rows';
import { statusOfRow } from './StepName';
import { waitSentence } from './waits';
import style from './StepTable.module.css';

type StepTableProps = Pick<RowsProps, 'rows' | 'selection' | 'onSelect' | 'onToggle'> & { readonly now: number };

export function StepTable({ now, ...props }: StepTableProps) {
  return (
    <Rows
      {...props}
      label="Table of steps"
      head={
        <>
          <span role="columnheader" className={style.state}>
            State
          </span>
          <span role="columnheader" className={style.type}>
            Type
          </span>
          <span role="columnheader" className={style.number}>
            Attempts
          </span>
          <span role="columnheader" className={style.number}>
            Started
          </span>
          <span role="columnheader" className={style.number}>
            Took
          </span>
          <span role="columnheader" className={style.why}>
            Why
          </span>
        </>
      }
      cells={(row) => <Cells row={row} now={now} />}
    />
  );
}

function Cells({ row, now }: { readonly row: Row; readonly now: number }) {
  const stretch = stretchOf(row, now);
  return (
    <>
      <span role="gridcell" className={style.state}>
        {wordOf(statusOfRow(row))}
      </span>
      <span role="gridcell" className={style.type}>
        {row.kind === 'step' && wordOf(row.step.type)}
      </span>
      <span role="gridcell" className={style.number}>
        {row.kind === 'step' && row.step.attempts.length > 0 && row.step.attempts.length}
      </span>
      <span role="gridcell" className={style.number}>
        {stretch !== null && clockTime(new Date(stretch.from).toISOString(), now)}
      </span>
      <span role="gridcell" className={style.number}>
        {stretch !== null && spell(stretch.to - stretch.from)}
      </span>
      <span role="gridcell" className={style.why}>
        <bdi>{whyOf(row, now)}</bdi>
      </span>
    </>
  );
}

function stretchOf(row: Row, now: number): { readonly from: number; readonly to: number } | null {
  if (row.kind === 'block') return extentOf(row.block.nodes, now);
  const { startedAt, finishedAt } = row.kind === 'attempt' ? row.attempt : row.step;
  return startedAt === null ? null : { from: startedAt, to: finishedAt ?? now };
}

function whyOf(row: Row, now: number): string {
  if (row.kind === 'block') return '';
  const error = row.kind === 'attempt' ? row.attempt.error : row.step.error;
  if (error !== null) return `${error.code} · ${error.message}`;
  if (row.kind === 'step' && row.step.waitingFor !== null)
    return waitSentence(row.step.waitingFor, row.step.stepId, now).text;
  return '';
}
