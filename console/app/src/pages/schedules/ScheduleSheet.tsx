// One schedule: when it fires next, how it went, its settings, and what can be done with it.
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useMay } from '../../api/principal';
import { useAct } from '../../api/useAct';
import { Button } from '../../kit/Button';
import { Confirm } from '../../kit/Confirm';
import { Fact, Facts } from '../../kit/Facts';
import { Empty, FailureLine, FailureNote, Loading } from '../../kit/Notes';
import { Sheet } from '../../kit/Sheet';
import { Status } from '../../kit/Status';
import { Ago, Took } from '../../kit/Times';
import { Payload } from '../../payload/Payload';
import { useLoaded } from '../../payload/useLoaded';
import { DELETE_SCHEDULE, SAVE_SCHEDULE, SCHEDULE, START_NOW } from './queries';
import { OVERLAPS, settingsOf, typedSchedule, type Schedule } from './schedule';
import { Runs } from './Runs';
import { ScheduleForm } from './ScheduleForm';
import style from './Schedules.module.css';

export interface ScheduleSheetProps {
  readonly name: string;
  readonly onClose: () => void;
  readonly onChanged: () => void;
}

export function ScheduleSheet({ name, onClose, onChanged }: ScheduleSheetProps) {
  const { data, failure, again } = useLoaded(SCHEDULE, { name });
  const changed = () => {
    again();
    onChanged();
  };
  const [isEdited, setEdited] = useState(false);
  const schedule = data?.schedule;
  return (
    <Sheet title={name} note={schedule && <Status status={schedule.enabled ? 'ENABLED' : 'DISABLED'} />} onClose={onClose}>
      {failure !== undefined && <FailureNote failure={failure} again={again} />}
      {data === undefined && failure === undefined && <Loading rows={8} />}
      {schedule === null && <Empty title="There is no schedule with this name">It may have been deleted.</Empty>}
      {schedule &&
        (isEdited ? (
          <ScheduleForm
            first={typedSchedule(schedule)}
            onCancel={() => setEdited(false)}
            onSaved={() => {
              setEdited(false);
              changed();
            }}
          />
        ) : (
          <>
            <Actions schedule={schedule} onEdit={() => setEdited(true)} onChanged={changed} onDeleted={() => { onChanged(); onClose(); }} />
            <Settings schedule={schedule} />
            <NextRuns schedule={schedule} />
            <section className={style.part}>
              <h3>Input</h3>
              {schedule.input == null ? <p className={style.soft}>none</p> : <Payload label="Input" value={schedule.input} expression={null} />}
            </section>
          </>
        ))}
    </Sheet>
  );
}

interface ActionsProps {
  readonly schedule: Schedule;
  readonly onEdit: () => void;
  readonly onChanged: () => void;
  readonly onDeleted: () => void;
}

function Actions({ schedule, onEdit, onChanged, onDeleted }: ActionsProps) {
  const navigate = useNavigate();
  const may = useMay();
  const save = useAct(SAVE_SCHEDULE, (data) => data.saveSchedule);
  const start = useAct(START_NOW, (data) => data.executeWorkflow);
  const remove = useAct(DELETE_SCHEDULE, (data) => data.deleteSchedule);
  const [isAsked, setAsked] = useState(false);
  const failure = save.failure ?? start.failure;

  async function toggle(): Promise<void> {
    start.forget();
    if ('data' in (await save.run({ input: { ...settingsOf(schedule), enabled: !schedule.enabled } }))) onChanged();
  }
  async function startNow(): Promise<void> {
    save.forget();
    const answer = await start.run({ input: { workflowId: schedule.workflow.id, input: schedule.input ?? null } });
    if (!('data' in answer)) return;
    const { executeWorkflow: run } = answer.data;
    if (run.__typename === 'WorkflowExecution') void navigate({ to: '/executions/$id', params: { id: run.id } });
  }
  async function removeIt(): Promise<void> {
    if ('data' in (await remove.run({ id: schedule.id }))) onDeleted();
  }
  return (
    <div className={style.part}>
      <div className={style.actions}>
        {may('Mutation.saveSchedule') && (
          <>
            <Button onClick={onEdit}>Edit</Button>
            <Button disabled={save.isRunning} onClick={() => void toggle()}>
              {schedule.enabled ? 'Disable' : 'Enable'}
            </Button>
          </>
        )}
        {may('Mutation.executeWorkflow') && (
          <Button disabled={start.isRunning} onClick={() => void startNow()} title="One execution of the workflow with this input; the schedule stays as it is.">
            Start one now
          </Button>
        )}
        {may('Mutation.deleteSchedule') && (
          <Button kind="danger" onClick={() => setAsked(true)}>
            Delete…
          </Button>
        )}
      </div>
      {failure !== undefined && <FailureLine failure={failure} />}
      {isAsked && (
        <Confirm
          title={`Delete the schedule ${schedule.name}?`}
          action="Delete it"
          isRunning={remove.isRunning}
          failure={remove.failure}
          onConfirm={() => void removeIt()}
          onClose={() => setAsked(false)}
        >
          Executions that it has started go on.
        </Confirm>
      )}
    </div>
  );
}

function Settings({ schedule }: { readonly schedule: Schedule }) {
  const { lastExecution, workflow } = schedule;
  return (
    <>
      {schedule.warnings.map((warning) => (
        <p key={warning} className={style.note}>
          {warning}
        </p>
      ))}
      {schedule.lastError !== null && (
        <p className={style.problem} role="alert">
          The newest ticks started nothing: {schedule.lastError}
        </p>
      )}
      <Facts>
        <Fact name="Starts">
          <Link to="/executions" search={{ workflow: workflow.name }}>
            <bdi>{workflow.name}</bdi>
          </Link>
        </Fact>
        <Fact name="Runs of it">
          <Link to="/executions" search={{ trigger: 'SCHEDULE', by: schedule.id }}>
            all that it has started
          </Link>
        </Fact>
        <Fact name="Cron">
          <code>{schedule.cron}</code> in {schedule.timezone}
        </Fact>
        <Fact name="While a run goes on">{OVERLAPS.find(({ value }) => value === schedule.overlap)?.name}</Fact>
        <Fact name="Catches up for">
          <Took duration={schedule.catchUpWindow} />
        </Fact>
        <Fact name="Last">
          {schedule.lastRunAt === null ? 'never' : <Ago at={schedule.lastRunAt} />}{' '}
          {lastExecution && (
            <Link to="/executions/$id" params={{ id: lastExecution.id }} className={style.name ?? ''}>
              <Status status={lastExecution.status} />
            </Link>
          )}
        </Fact>
        {schedule.bufferedRunAt !== null && (
          <Fact name="Waits for the run">
            the tick of <Ago at={schedule.bufferedRunAt} />
          </Fact>
        )}
        <Fact name="Changed">
          <Ago at={schedule.updatedAt} />
        </Fact>
      </Facts>
    </>
  );
}

function NextRuns({ schedule }: { readonly schedule: Schedule }) {
  return (
    <section className={style.part}>
      <h3>Next runs</h3>
      {schedule.nextRuns.length === 0 ? (
        <p className={style.soft}>{schedule.enabled ? 'None within fifty years.' : 'None while it is disabled.'}</p>
      ) : (
        <Runs times={schedule.nextRuns} timezone={schedule.timezone} />
      )}
    </section>
  );
}
