// The run of an export, read from a file in the browser: nothing is asked of the API, and nothing is sent anywhere.
import { useEffect } from 'react';
import { Button } from '../../kit/Button';
import { shortId } from '../../kit/ids';
import { Empty } from '../../kit/Notes';
import { Page } from '../../kit/Page';
import { Text } from '../../payload/Text';
import { RunView } from '../../run/RunView';
import { useRunAddress } from '../../run/useRunAddress';
import { About } from '../run/About';
import style from './Exported.module.css';
import { useOpenedFile, type OpenedFile } from './useOpenedFile';

export function ExportedRun() {
  const { opened, problem, isOver, choose } = useOpenedFile();
  useEffect(() => {
    // What was pressed to open it is not there any more.
    if (opened !== undefined) document.getElementById('main')?.focus({ preventScroll: true });
  }, [opened]);
  useEffect(() => {
    // So that it is there when the API is not.
    void import('../../run/graph/Graph').then(({ prepareArranging }) => prepareArranging());
  }, []);
  const said = problem !== undefined && (
    <p role="alert" className={style.problem}>
      <Text text={problem.name} /> cannot be opened. {problem.sentence}
    </p>
  );
  if (opened !== undefined) return <Opened key={opened.number} opened={opened} said={said} onAnother={choose} />;
  return (
    <Page heading="Open an export">
      {said}
      <div className={style.drop} data-over={isOver || undefined}>
        <Empty
          title="An execution in a file"
          action={
            <Button kind="primary" onClick={choose}>
              Choose a file…
            </Button>
          }
        >
          Choose it, or drop it anywhere on this page. It is read in the browser and sent nowhere.{' '}
          <code>{'stepgraph executions export ID > FILE'}</code> writes one.
        </Empty>
      </div>
    </Page>
  );
}

interface OpenedProps {
  readonly opened: OpenedFile;
  readonly said: React.ReactNode;
  readonly onAnother: () => void;
}

function Opened({ opened: { file, run, about, source, workflow, lack }, said, onAnother }: OpenedProps) {
  const address = useRunAddress();
  const { execution } = run;
  if (execution === null) return null;
  const heading = workflow ?? shortId(execution.id);
  return (
    <Page
      heading={heading}
      title={`${heading} ${shortId(execution.id)}`}
      note={<About {...{ execution, about, file }} />}
      actions={<Button onClick={onAnother}>Open another…</Button>}
    >
      {said}
      {lack !== null && <p className={style.lack}>{lack}</p>}
      <RunView {...{ run, execution, source }} {...address} />
    </Page>
  );
}
