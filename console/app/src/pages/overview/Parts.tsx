// What the charts show, part by part, as a table for those who want to read it.
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { count } from '../../kit/numbers';
import { Table, type Column } from '../../kit/Table';
import { At, Took } from '../../kit/Times';
import type { Part } from './queries';
import style from './Overview.module.css';

const columns = (length: number): readonly Column<Part>[] => [
  { name: 'From', cell: (part) => <At at={part.at} /> },
  { name: 'Completed', cell: (part) => count(part.completed), align: 'end' },
  { name: 'Failed', cell: (part) => count(part.failed), align: 'end' },
  { name: 'p50', cell: (part) => part.p50 !== null && <Took duration={part.p50} />, align: 'end' },
  { name: 'p95', cell: (part) => part.p95 !== null && <Took duration={part.p95} />, align: 'end' },
  {
    name: 'Executions',
    cell: (part) => (
      <Link to="/executions" search={{ since: part.at, until: new Date(Date.parse(part.at) + length).toISOString() }}>
        created then
      </Link>
    ),
  },
];

/** Parts in which something has ended, the newest first; nothing where there is none. `length`: of a part, in milliseconds. */
export function Parts({ timeline, length }: { readonly timeline: readonly Part[]; readonly length: number }) {
  const [isOpen, setOpen] = useState(false);
  const parts = timeline.filter((part) => part.completed + part.failed > 0).reverse();
  if (parts.length === 0) return null;
  return (
    <details className={style.parts} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>Both as a table</summary>
      {isOpen && <Table label="Ended and durations" columns={columns(length)} items={parts} keyOf={(part) => part.at} />}
    </details>
  );
}
