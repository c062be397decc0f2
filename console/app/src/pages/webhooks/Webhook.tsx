// One webhook: what it is for, what can be done with it, and its events.
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useMay } from '../../api/principal';
import { useAct } from '../../api/useAct';
import { useAsk } from '../../api/useAsk';
import { Button } from '../../kit/Button';
import { Confirm } from '../../kit/Confirm';
import { CopyButton } from '../../kit/CopyButton';
import { Fact, Facts } from '../../kit/Facts';
import { shortId } from '../../kit/ids';
import { Empty, FailureLine, FailureNote, Loading } from '../../kit/Notes';
import { Page, Section } from '../../kit/Page';
import { Status } from '../../kit/Status';
import { Ago } from '../../kit/Times';
import { EditWebhook } from './EditWebhook';
import { Events } from './Events';
import { nameOfSignature } from './fields';
import { postingCommand } from './posting';
import { DELETE, UPDATE, WEBHOOK, type WebhookDetails } from './queries';
import { RotateSecret } from './RotateSecret';
import style from './Webhooks.module.css';

export function Webhook() {
  const { id } = useParams({ from: '/webhooks/$id' });
  const { status, after, event } = useSearch({ from: '/webhooks/$id' });
  const may = useMay();
  const { data, failure, again } = useAsk(WEBHOOK, { id, withAddress: may('Webhook.url') });
  const webhook = data?.webhook;
  if (webhook === undefined || webhook === null) {
    return (
      <Page heading="Webhook" title={shortId(id)}>
        {failure !== undefined ? (
          <FailureNote failure={failure} again={again} />
        ) : webhook === null ? (
          <Empty title="There is no such webhook">
            It was deleted, or the address is wrong. <Link to="/webhooks">All webhooks</Link>
          </Empty>
        ) : (
          <Loading />
        )}
      </Page>
    );
  }
  return (
    <Page
      heading={webhook.name}
      title={webhook.name}
      note={
        <>
          {webhook.direction === 'INBOUND' ? 'inbound' : 'outbound'} · <Status status={webhook.enabled ? 'ENABLED' : 'DISABLED'} />
        </>
      }
      actions={<Actions webhook={webhook} onChanged={() => again({ requestPolicy: 'network-only' })} />}
    >
      {failure !== undefined && <FailureLine failure={failure} />}
      <About webhook={webhook} />
      {webhook.direction === 'INBOUND' && webhook.url !== undefined && <Posting webhook={webhook} url={webhook.url} />}
      <Section heading={webhook.direction === 'INBOUND' ? 'What has come in' : 'Deliveries'}>
        <Events webhook={webhook} status={status} after={after} event={event} />
      </Section>
    </Page>
  );
}

function Actions({ webhook, onChanged }: { readonly webhook: WebhookDetails; readonly onChanged: () => void }) {
  const navigate = useNavigate();
  const may = useMay();
  const [open, setOpen] = useState<'edit' | 'rotate' | 'delete'>();
  const update = useAct(UPDATE, (data) => data.updateWebhook);
  const remove = useAct(DELETE, (data) => data.deleteWebhook);
  const mayUpdate = may('Mutation.updateWebhook');
  const close = (): void => setOpen(undefined);
  async function change(enabled: boolean): Promise<void> {
    const outcome = await update.run({ id: webhook.id, input: { enabled }, withAddress: true });
    if ('data' in outcome) onChanged();
  }
  async function removeIt(): Promise<void> {
    const outcome = await remove.run({ id: webhook.id });
    if ('data' in outcome) void navigate({ to: '/webhooks', search: {} });
  }
  return (
    <>
      {update.failure !== undefined && <FailureLine failure={update.failure} />}
      {mayUpdate && (
        <Button disabled={update.isRunning} onClick={() => void change(!webhook.enabled)}>
          {webhook.enabled ? 'Disable' : 'Enable'}
        </Button>
      )}
      {mayUpdate && <Button onClick={() => setOpen('edit')}>Edit…</Button>}
      {may('Mutation.rotateWebhookSecret') && webhook.signature !== 'NONE' && <Button onClick={() => setOpen('rotate')}>Rotate secret…</Button>}
      {may('Mutation.deleteWebhook') && (
        <Button kind="danger" onClick={() => setOpen('delete')}>
          Delete…
        </Button>
      )}
      {open === 'edit' && <EditWebhook webhook={webhook} onClose={close} />}
      {open === 'rotate' && <RotateSecret webhook={webhook} onRotated={onChanged} onClose={close} />}
      {open === 'delete' && (
        <Confirm
          title={`Delete the webhook ${webhook.name}?`}
          action="Delete it"
          isRunning={remove.isRunning}
          failure={remove.failure}
          onConfirm={() => void removeIt()}
          onClose={close}
        >
          <p>All its events are deleted with it. Executions that it has started go on.</p>
          {webhook.direction === 'INBOUND' && <p>Its address ends: what is sent there is answered with 404.</p>}
        </Confirm>
      )}
    </>
  );
}

function About({ webhook }: { readonly webhook: WebhookDetails }) {
  const isInbound = webhook.direction === 'INBOUND';
  return (
    <Facts>
      {webhook.disabledReason !== null && (
        <Fact name="Disabled because">
          <span className={style.error}>{webhook.disabledReason}</span>
        </Fact>
      )}
      {webhook.failingSince !== null && (
        <Fact name="Failing since">
          <span className={style.error}>
            <Ago at={webhook.failingSince} />
          </span>
        </Fact>
      )}
      {webhook.url !== undefined && (
        <Fact name={isInbound ? 'Address to send to' : 'Address'}>
          <span className={style.address}>
            <bdi>{webhook.url}</bdi>
            <CopyButton text={webhook.url} what="the address" />
          </span>
        </Fact>
      )}
      <Fact name={isInbound ? 'Starts' : 'Tells of'}>
        <Purpose webhook={webhook} />
      </Fact>
      {isInbound && <Fact name="Senders sign as">{nameOfSignature(webhook.signature)}</Fact>}
      {isInbound && <Fact name="Input">{webhook.input === null ? 'the body' : <code>{webhook.input}</code>}</Fact>}
      {webhook.previousSecretUntil !== null && (
        <Fact name="Secret before">
          good until <Ago at={webhook.previousSecretUntil} />
        </Fact>
      )}
      <Fact name="Created">
        <Ago at={webhook.createdAt} />
      </Fact>
      <Fact name="Changed">
        <Ago at={webhook.updatedAt} />
      </Fact>
    </Facts>
  );
}

function Purpose({ webhook: { direction, workflow, eventTypes } }: { readonly webhook: WebhookDetails }) {
  const link = workflow !== null && (
    <Link to="/executions" search={{ workflow: workflow.name }}>
      <bdi>{workflow.name}</bdi>
    </Link>
  );
  if (direction === 'INBOUND') return link === false ? 'nothing: its workflow is gone' : link;
  return (
    <>
      {eventTypes.length === 0 ? 'everything' : eventTypes.join(', ')}
      {link !== false && <> of {link}</>}
    </>
  );
}

function Posting({ webhook, url }: { readonly webhook: WebhookDetails; readonly url: string }) {
  const command = postingCommand(webhook.signature, url);
  return (
    <Section heading="Send to it">
      <div className={style.part}>
        <p className={style.codeHead}>
          A message that starts an execution, as a shell sends it <CopyButton text={command} what="the command" />
        </p>
        <pre className={style.code} tabIndex={0} role="region" aria-label="Command that sends a message">
          {command}
        </pre>
      </div>
    </Section>
  );
}
