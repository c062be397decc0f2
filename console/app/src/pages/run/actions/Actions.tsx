// What can be done with a run, in its header: what its state allows and its reader may do, and nothing else.
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { ENDPOINT } from '../../../api/endpoint';
import type { Failure } from '../../../api/failure';
import { useMay } from '../../../api/principal';
import { useSession } from '../../../api/session';
import { useAct } from '../../../api/useAct';
import { asCommand, asCurl, asGraphql, type ApiCall } from '../../../calls/calls';
import { Button } from '../../../kit/Button';
import { Item, Menu } from '../../../kit/Menu';
import { FailureLine } from '../../../kit/Notes';
import type { RunExecution, RunStep } from '../../../run/model';
import { CancelRun } from './CancelRun';
import { DeleteRun } from './DeleteRun';
import { PAUSE, RESUME, SHOW } from './mutations';
import { awaitedSignals, offersFor, type Action } from './offers';
import { RetryRun } from './RetryRun';
import { SignalRun } from './SignalRun';
import style from './Actions.module.css';

const NAMES: Readonly<Record<Action, string>> = {
  pause: 'Pause',
  resume: 'Resume',
  signal: 'Signal…',
  cancel: 'Cancel…',
  retry: 'Retry…',
  delete: 'Delete…',
};

export interface ActionsProps {
  readonly execution: RunExecution;
  readonly steps: ReadonlyMap<string, RunStep>;
  readonly hasWorkflow: boolean;
  /** The step that a retry was asked for at; empty for the run's own button, null while none is open. */
  readonly retryFrom: string | null;
  readonly onRetryFrom: (path: string | null) => void;
}

export function Actions({ execution, steps, hasWorkflow, retryFrom, onRetryFrom }: ActionsProps) {
  const { id, status } = execution;
  const may = useMay();
  const navigate = useNavigate();
  const [open, setOpen] = useState<Action>();
  const [told, setTold] = useState('');
  const pause = useAct(PAUSE, (data) => data.pauseExecution);
  const resume = useAct(RESUME, (data) => data.resumeExecution);
  const failure: Failure | undefined = pause.failure ?? resume.failure;

  async function choose(action: Action): Promise<void> {
    setTold('');
    pause.forget();
    resume.forget();
    if (action === 'retry') onRetryFrom('');
    else if (action === 'pause') {
      if ('data' in (await pause.run({ id }))) setTold('It is being paused: what is under way ends first.');
    } else if (action === 'resume') {
      if ('data' in (await resume.run({ id }))) setTold('It goes on.');
    } else setOpen(action);
  }

  const sheet = {
    id,
    onClose: () => setOpen(undefined),
    onDone: (sentence: string) => {
      setOpen(undefined);
      setTold(sentence);
    },
  };
  return (
    <div className={style.actions}>
      <span role="status" className={style.told}>
        {told}
      </span>
      {failure !== undefined && <FailureLine failure={failure} />}
      {offersFor(status, may).map((action) => (
        <Button
          key={action}
          kind={action === 'delete' ? 'danger' : 'plain'}
          disabled={pause.isRunning || resume.isRunning}
          onClick={() => void choose(action)}
        >
          {NAMES[action]}
        </Button>
      ))}
      <CopyMenu id={id} onCopied={setTold} />
      {open === 'cancel' && <CancelRun {...sheet} />}
      {open === 'delete' && <DeleteRun id={id} onClose={sheet.onClose} />}
      {open === 'signal' && <SignalRun {...sheet} awaited={awaitedSignals(steps.values())} />}
      {retryFrom !== null && (
        <RetryRun
          id={id}
          from={retryFrom}
          paths={[...steps.keys()].slice(0, 500)}
          hasWorkflow={hasWorkflow}
          hasCompleted={status === 'COMPLETED'}
          onClose={() => onRetryFrom(null)}
          onRetried={(retried) => void navigate({ to: '/executions/$id', params: { id: retried } })}
        />
      )}
    </div>
  );
}

function CopyMenu({ id, onCopied }: { readonly id: string; readonly onCopied: (sentence: string) => void }) {
  const { key } = useSession();
  const call: ApiCall = { document: SHOW, variables: { id }, command: ['executions', 'show', id] };
  async function copy(text: string, what: string): Promise<void> {
    await navigator.clipboard.writeText(text);
    onCopied(`Copied as ${what}.`);
  }
  return (
    <Menu label="Copy" kind="plain">
      <Item onChoose={() => void copy(asGraphql(call), 'GraphQL')}>As GraphQL</Item>
      <Item onChoose={() => void copy(asCommand(call), 'a command')}>As a command</Item>
      <Item
        onChoose={() => void copy(asCurl(call, new URL(ENDPOINT, window.location.href).href, key !== null), 'curl')}
      >
        As curl
      </Item>
    </Menu>
  );
}
