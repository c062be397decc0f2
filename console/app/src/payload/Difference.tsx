// Two values and where they differ: what was taken away, what was added, what became another value.
import { useMemo, useState } from 'react';
import { CheckField } from '../kit/Field';
import { counted } from '../kit/numbers';
import { diff, differences, diffRows, type DiffRow } from './diff';
import { Text } from './Text';
import { kindOf, previewOf, sizeOf } from './values';
import style from './Payload.module.css';

const MOST_ROWS = 1_000;
const MARKS = { same: ' ', inside: ' ', added: '+', removed: '−', changed: '~' } as const;
const WORDS = {
  same: 'same',
  inside: 'differs inside',
  added: 'added',
  removed: 'removed',
  changed: 'changed',
} as const;

export interface DifferenceProps {
  readonly label: string;
  readonly before: unknown;
  readonly after: unknown;
}

export function Difference({ label, before, after }: DifferenceProps) {
  const [all, setAll] = useState(false);
  const found = useMemo(() => diff(before, after), [before, after]);
  const rows = useMemo(() => diffRows(found, all), [found, all]);
  const count = differences(found);
  return (
    <div className={style.payload} role="group" aria-label={label}>
      <div className={style.tools}>
        <span role="status">{count === 0 ? 'No difference' : counted(count, 'difference')}</span>
        {count > 0 && <CheckField label="all" isChecked={all} onChange={setAll} />}
      </div>
      {(count > 0 || all) && (
        <ul className={style.diff} tabIndex={0} aria-label={label}>
          {rows.slice(0, MOST_ROWS).map((row) => (
            <Line key={row.id} row={row} />
          ))}
          {rows.length > MOST_ROWS && <li className={style.soft}>{rows.length - MOST_ROWS} more lines</li>}
        </ul>
      )}
    </div>
  );
}

function Line({ row: { node, depth, isOpen } }: { readonly row: DiffRow }) {
  return (
    <li className={style.line} data-change={node.change} style={{ paddingInlineStart: depth * 14 }}>
      <span aria-hidden="true" className={style.sign}>
        {MARKS[node.change]}
      </span>
      <span className="unseen">{WORDS[node.change]}: </span>
      {node.key !== null && (
        <span className={style.key}>
          <Text text={String(node.key)} />
        </span>
      )}
      {!isOpen && node.change !== 'added' && node.change !== 'same' && (
        <del>
          <Short value={node.before} />
        </del>
      )}
      {node.change === 'changed' && <span aria-hidden="true"> → </span>}
      {!isOpen && node.change !== 'removed' && (
        <ins>
          <Short value={node.after} />
        </ins>
      )}
    </li>
  );
}

function Short({ value }: { readonly value: unknown }) {
  const kind = kindOf(value);
  if ((kind === 'object' || kind === 'array') && sizeOf(value) > 0) return <bdi>{previewOf(value)}</bdi>;
  if (kind === 'text') return <Text text={`“${String(value).slice(0, 300)}”`} />;
  return <>{kind === 'object' ? '{}' : kind === 'array' ? '[]' : String(value)}</>;
}
