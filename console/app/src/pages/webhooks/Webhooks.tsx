// The list of webhooks of both kinds: those that tell others, and those by which others start workflows.
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useMay } from '../../api/principal';
import { useAsk } from '../../api/useAsk';
import type { WebhookDirection } from '../../graphql/graphql';
import { Button } from '../../kit/Button';
import { SelectField } from '../../kit/Field';
import { ListPages } from '../../kit/ListPages';
import { Empty, FailureLine, FailureNote, Loading } from '../../kit/Notes';
import { count } from '../../kit/numbers';
import { Page } from '../../kit/Page';
import { Status } from '../../kit/Status';
import { Table, type Column } from '../../kit/Table';
import { Ago } from '../../kit/Times';
import { NewWebhook } from './NewWebhook';
import { WEBHOOKS, type WebhookRow } from './queries';
import style from './Webhooks.module.css';

const PAGE = 50;

const KINDS = [
  { value: 'ALL', name: 'All' },
  { value: 'OUTBOUND', name: 'Outbound: tell others' },
  { value: 'INBOUND', name: 'Inbound: start workflows' },
] as const;

const COLUMNS: readonly Column<WebhookRow>[] = [
  { name: 'Name', cell: (row) => <Name row={row} /> },
  { name: 'Kind', cell: (row) => (row.direction === 'INBOUND' ? 'inbound' : 'outbound') },
  { name: 'State', cell: (row) => <State row={row} /> },
  { name: 'What it does', cell: (row) => <Purpose row={row} />, grows: true },
  { name: 'Changed', cell: (row) => <Ago at={row.updatedAt} /> },
];

export function Webhooks() {
  const { direction, after } = useSearch({ from: '/webhooks' });
  const navigate = useNavigate();
  const may = useMay();
  const kind = directionOf(direction);
  const { data, failure, again } = useAsk(WEBHOOKS, {
    direction: kind,
    first: PAGE,
    after: after ?? null,
    withAddress: may('Webhook.url'),
  });
  const [isMaking, setMaking] = useState(false);
  const found = data?.webhooks;
  const go = (next: { direction?: string; after?: string }): void => void navigate({ to: '/webhooks', search: next });
  const chosen = kind === null ? {} : { direction: kind };
  return (
    <Page
      heading="Webhooks"
      note={found && count(found.totalCount)}
      actions={
        may('Mutation.createWebhook') && (
          <Button kind="primary" onClick={() => setMaking(true)}>
            New webhook…
          </Button>
        )
      }
    >
      <div className={style.filter}>
        <SelectField
          label="Kind"
          value={kind ?? 'ALL'}
          onChange={(value) => go(value === 'ALL' ? {} : { direction: value })}
          choices={KINDS}
        />
      </div>
      {failure !== undefined && (found ? <FailureLine failure={failure} /> : <FailureNote failure={failure} again={again} />)}
      {found === undefined ? (
        failure === undefined && <Loading />
      ) : found.nodes.length === 0 ? (
        <NoWebhooks kind={kind} />
      ) : (
        <>
          <Table label="Webhooks" columns={COLUMNS} items={found.nodes} keyOf={(row) => row.id} />
          <ListPages
            page={found.pageInfo}
            after={after}
            onPage={(next) => go({ ...chosen, ...(next !== undefined && { after: next }) })}
          />
        </>
      )}
      {isMaking && <NewWebhook direction={kind ?? 'OUTBOUND'} onClose={() => setMaking(false)} />}
    </Page>
  );
}

function directionOf(text: string | undefined): WebhookDirection | null {
  return text === 'INBOUND' || text === 'OUTBOUND' ? text : null;
}

function Name({ row }: { readonly row: WebhookRow }) {
  return (
    <Link to="/webhooks/$id" params={{ id: row.id }} className={style.name ?? ''} title={row.name}>
      <bdi>{row.name}</bdi>
    </Link>
  );
}

function State({ row }: { readonly row: WebhookRow }) {
  return (
    <>
      <Status status={row.enabled ? 'ENABLED' : 'DISABLED'} />
      {row.enabled && row.failingSince !== null && (
        <span className={style.failing}>
          {' '}
          failing since <Ago at={row.failingSince} />
        </span>
      )}
    </>
  );
}

function Purpose({ row }: { readonly row: WebhookRow }) {
  const workflow = row.workflow === null ? null : <bdi>{row.workflow.name}</bdi>;
  if (row.direction === 'INBOUND') return workflow === null ? 'its workflow is gone' : <>starts {workflow}</>;
  const events = row.eventTypes.length === 0 ? 'everything' : row.eventTypes.join(', ');
  return (
    <>
      tells {row.url === undefined ? 'others' : <bdi>{row.url}</bdi>} of {events}
      {workflow !== null && <> of {workflow}</>}
    </>
  );
}

function NoWebhooks({ kind }: { readonly kind: WebhookDirection | null }) {
  if (kind === 'INBOUND')
    return (
      <Empty title="There is no inbound webhook yet">
        Each has an address of its own: what others send there starts its workflow.
        <pre>stepgraph webhooks create pushes --workflow deploy --signature GITHUB</pre>
      </Empty>
    );
  return (
    <Empty title={kind === null ? 'There is no webhook yet' : 'There is no outbound webhook yet'}>
      An outbound webhook tells another program when executions start and end.
      <pre>stepgraph webhooks create audit --to https://example.com/stepgraph --event execution.failed</pre>
    </Empty>
  );
}
