// The columns of the list of executions, and the choice among them.
import { Link } from '@tanstack/react-router';
import { Id } from '../../kit/Id';
import { CheckItem } from '../../kit/Menu';
import { count } from '../../kit/numbers';
import { wordOf } from '../../kit/states';
import { Status } from '../../kit/Status';
import type { Column } from '../../kit/Table';
import { At, Ago, Since, Took } from '../../kit/Times';
import type { Row } from './changes';
import style from './Executions.module.css';

export const COLUMNS: readonly Column<Row>[] = [
  { name: 'Status', cell: (row) => <Status status={row.status} /> },
  { name: 'Workflow', cell: (row) => <RunLink row={row} /> },
  { name: 'Created', cell: (row) => <At at={row.createdAt} /> },
  { name: 'Took', cell: (row) => <RunTime row={row} />, align: 'end' },
  { name: 'Steps', cell: (row) => `${count(row.progress.completed)} / ${count(row.progress.total)}`, align: 'end' },
  { name: 'Why', cell: (row) => <Why row={row} />, grows: true },
  { name: 'Labels', cell: (row) => <Labels labels={row.labels} /> },
  { name: 'Id', cell: (row) => <Id id={row.id} /> },
];

const FIXED = new Set(['Status', 'Workflow']);

/** The names of the columns that can be left out, as they stand in the address. */
export const HIDEABLE: readonly string[] = COLUMNS.map(({ name }) => name)
  .filter((name) => !FIXED.has(name))
  .map((name) => name.toLowerCase());

/** The columns of a list without those that somebody does not want to see. */
export function shownColumns(columns: readonly Column<Row>[], hidden: readonly string[]): readonly Column<Row>[] {
  return columns.filter((column) => !hidden.includes(column.name.toLowerCase()) || FIXED.has(column.name));
}

export interface ColumnsProps {
  readonly hidden: readonly string[];
  readonly onHidden: (hidden: readonly string[]) => void;
}

/** The choice of columns, as items of a menu. */
export function ColumnItems({ hidden, onHidden }: ColumnsProps) {
  return COLUMNS.filter((column) => !FIXED.has(column.name)).map((column) => {
    const name = column.name.toLowerCase();
    const isHidden = hidden.includes(name);
    return (
      <CheckItem
        key={name}
        isChecked={!isHidden}
        onChange={() => onHidden(isHidden ? hidden.filter((each) => each !== name) : [...hidden, name])}
      >
        {column.name}
      </CheckItem>
    );
  });
}

function RunLink({ row }: { readonly row: Row }) {
  return (
    <Link to="/executions/$id" params={{ id: row.id }} className={style.link ?? ''}>
      <bdi>{row.workflow?.name ?? 'orchestration'}</bdi>
    </Link>
  );
}

function RunTime({ row }: { readonly row: Row }) {
  if (row.duration !== null) return <Took duration={row.duration} />;
  return row.startedAt === null ? null : <Since at={row.startedAt} />;
}

function Why({ row }: { readonly row: Row }) {
  const { error, waitingFor } = row;
  if (error) {
    return (
      <span className={style.why} title={error.message}>
        {error.path !== null && <code>{error.path}</code>} {error.code}: {error.message}
      </span>
    );
  }
  if (!waitingFor) return null;
  return (
    <span className={style.why} title={waitingFor.detail ?? undefined}>
      waits: {wordOf(waitingFor.kind)}
      {waitingFor.detail !== null && ` · ${waitingFor.detail}`}
      {waitingFor.until !== null && (
        <>
          {' · '}
          <Ago at={waitingFor.until} />
        </>
      )}
    </span>
  );
}

function Labels({ labels }: { readonly labels: unknown }) {
  if (typeof labels !== 'object' || labels === null) return null;
  const text = Object.entries(labels)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
  return (
    <bdi className={style.labels} title={text}>
      {text}
    </bdi>
  );
}
