// Workflow templates: documents with parameters, of which workflows are made.
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { filled } from '../../addresses';
import { useMay } from '../../api/principal';
import { useAsk } from '../../api/useAsk';
import type { TemplatesQuery } from '../../graphql/graphql';
import { Button } from '../../kit/Button';
import { ListPages } from '../../kit/ListPages';
import { Empty, FailureLine, FailureNote, Loading } from '../../kit/Notes';
import { count } from '../../kit/numbers';
import { Page } from '../../kit/Page';
import { Table, type Column } from '../../kit/Table';
import { Ago } from '../../kit/Times';
import { TEMPLATES } from './queries';
import style from './Templates.module.css';
import { NewTemplate, TemplateSheet } from './TemplateSheet';

type Row = TemplatesQuery['workflowTemplates']['nodes'][number];

const PAGE = 50;

export function Templates() {
  const search = useSearch({ from: '/templates' });
  const navigate = useNavigate();
  const may = useMay();
  const { after, category } = search;
  const { data, failure, again } = useAsk(TEMPLATES, { category: category ?? null, first: PAGE, after: after ?? null });
  const found = data?.workflowTemplates;
  const refresh = () => again({ requestPolicy: 'network-only' });

  function go(next: Partial<Record<'after' | 'category' | 'name' | 'new', string | undefined>>): void {
    void navigate({ to: '/templates', search: filled(next) });
  }

  return (
    <Page
      heading="Templates"
      note={found && count(found.totalCount)}
      actions={
        may('Mutation.saveWorkflowTemplate') && (
          <Button kind="primary" onClick={() => go({ ...search, new: 'yes' })}>
            New template…
          </Button>
        )
      }
    >
      {category !== undefined && (
        <p className={style.only}>
          Those of the category <bdi>{category}</bdi> <Link to="/templates">Show all</Link>
        </p>
      )}
      {failure !== undefined && (found ? <FailureLine failure={failure} /> : <FailureNote failure={failure} again={refresh} />)}
      {found === undefined ? (
        failure === undefined && <Loading />
      ) : found.nodes.length === 0 ? (
        <Empty title="There is no template like that">A template is a workflow&apos;s document with parameters in it.</Empty>
      ) : (
        <>
          <Table label="Workflow templates" columns={COLUMNS} items={found.nodes} keyOf={(row) => row.id} />
          <ListPages page={found.pageInfo} after={after} onPage={(next) => go({ category, after: next })} />
        </>
      )}
      {search.name !== undefined && <TemplateSheet key={search.name} name={search.name} onClose={() => go({ category, after })} onChanged={refresh} />}
      {search.new !== undefined && (
        <NewTemplate
          onClose={() => go({ category, after })}
          onSaved={(name) => {
            refresh();
            go({ category, after, name });
          }}
        />
      )}
    </Page>
  );
}

const COLUMNS: readonly Column<Row>[] = [
  { name: 'Name', cell: (row) => <NameLink row={row} /> },
  { name: 'Category', cell: (row) => row.category !== null && <CategoryLink category={row.category} /> },
  { name: 'Description', cell: (row) => <span className={style.soft}>{row.description}</span>, grows: true },
  { name: 'Parameters', cell: (row) => count(row.parameters.length), align: 'end' },
  { name: 'Origin', cell: (row) => (row.shipped ? 'shipped' : 'stored') },
  { name: 'Changed', cell: (row) => !row.shipped && <Ago at={row.updatedAt} /> },
];

function NameLink({ row }: { readonly row: Row }) {
  return (
    <Link to="/templates" search={(before) => ({ ...before, name: row.name })} className={style.name ?? ''}>
      <bdi>{row.name}</bdi>
    </Link>
  );
}

function CategoryLink({ category }: { readonly category: string }) {
  return (
    <Link to="/templates" search={{ category }}>
      <bdi>{category}</bdi>
    </Link>
  );
}
