// Transformation rules: expressions with a name, which steps apply.
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { filled } from '../../addresses';
import { useMay } from '../../api/principal';
import { useAsk } from '../../api/useAsk';
import type { RulesQuery } from '../../graphql/graphql';
import { Button } from '../../kit/Button';
import { ListPages } from '../../kit/ListPages';
import { Empty, FailureLine, FailureNote, Loading } from '../../kit/Notes';
import { count } from '../../kit/numbers';
import { Page } from '../../kit/Page';
import { Table, type Column } from '../../kit/Table';
import { Ago } from '../../kit/Times';
import { RULES } from './queries';
import style from './Rules.module.css';
import { NewRule, RuleSheet } from './RuleSheet';

type Row = RulesQuery['transformationRules']['nodes'][number];

const PAGE = 50;

export function Rules() {
  const search = useSearch({ from: '/rules' });
  const navigate = useNavigate();
  const may = useMay();
  const { after } = search;
  const { data, failure, again } = useAsk(RULES, { first: PAGE, after: after ?? null });
  const found = data?.transformationRules;
  const refresh = () => again({ requestPolicy: 'network-only' });

  function go(next: Partial<Record<'after' | 'name' | 'new', string | undefined>>): void {
    void navigate({ to: '/rules', search: filled(next) });
  }

  return (
    <Page
      heading="Rules"
      note={found && count(found.totalCount)}
      actions={
        may('Mutation.saveTransformationRule') && (
          <Button kind="primary" onClick={() => go({ ...search, new: 'yes' })}>
            New rule…
          </Button>
        )
      }
    >
      {failure !== undefined && (found ? <FailureLine failure={failure} /> : <FailureNote failure={failure} again={refresh} />)}
      {found === undefined ? (
        failure === undefined && <Loading />
      ) : found.nodes.length === 0 ? (
        <Empty title="There is no transformation rule yet">
          A rule is an expression that DATA_TRANSFORM steps apply by its name, with examples that must hold:
          <pre>{"stepgraph rules save net-price '$round(input.gross / 1.25, 2)'"}</pre>
        </Empty>
      ) : (
        <>
          <Table label="Transformation rules" columns={COLUMNS} items={found.nodes} keyOf={(row) => row.id} />
          <ListPages page={found.pageInfo} after={after} onPage={(next) => go({ after: next })} />
        </>
      )}
      {search.name !== undefined && <RuleSheet key={search.name} name={search.name} onClose={() => go({ after })} onChanged={refresh} />}
      {search.new !== undefined && (
        <NewRule
          onClose={() => go({ after })}
          onSaved={(name) => {
            refresh();
            go({ after, name });
          }}
        />
      )}
    </Page>
  );
}

const COLUMNS: readonly Column<Row>[] = [
  { name: 'Name', cell: (row) => <NameLink row={row} /> },
  { name: 'Expression', cell: (row) => <code>{row.expression}</code>, grows: true },
  { name: 'Description', cell: (row) => <Description row={row} /> },
  { name: 'Changed', cell: (row) => <Ago at={row.updatedAt} /> },
];

function NameLink({ row }: { readonly row: Row }) {
  return (
    <Link to="/rules" search={(before) => ({ ...before, name: row.name })} className={style.name ?? ''}>
      <bdi>{row.name}</bdi>
    </Link>
  );
}

function Description({ row }: { readonly row: Row }) {
  return (
    <span className={style.description} title={row.description ?? undefined}>
      {row.description}
    </span>
  );
}
