// One run: what it is, how it stands, and its steps, live.
import { useState } from 'react';
import { useParams } from '@tanstack/react-router';
import { Loading, FailureNote } from '../../kit/Notes';
import { Page } from '../../kit/Page';
import { shortId } from '../../kit/ids';
import { RunView } from '../../run/RunView';
import { useApiSource } from '../../run/useApiSource';
import { useRun } from '../../run/useRun';
import { useRunAddress } from '../../run/useRunAddress';
import { useMay } from '../../api/principal';
import { Button } from '../../kit/Button';
import { ExportedRun } from '../exported/ExportedRun';
import { About } from './About';
import { Actions } from './actions/Actions';
import { offersFor } from './actions/offers';
import { useAbout } from './useAbout';

/** The run with the id that the address says; `file` stands for one that was exported into a file. */
export function Run() {
  const { id } = useParams({ strict: false });
  if (id === 'file') return <ExportedRun />;
  return <RunOf key={id} id={id ?? ''} />;
}

function RunOf({ id }: { readonly id: string }) {
  const address = useRunAddress();
  const { run, failure } = useRun(id);
  const source = useApiSource(id);
  const about = useAbout(id);
  const name = about?.workflow?.name ?? (about === null ? shortId(id) : 'Execution');

  const [retryFrom, setRetryFrom] = useState<string | null>(null);
  const may = useMay();
  const { execution } = run;
  const canRetry = execution !== null && offersFor(execution.status, may).includes('retry');
  if (failure !== undefined && execution === null) {
    return (
      <Page heading="Execution" title={shortId(id)}>
        <FailureNote failure={failure} />
      </Page>
    );
  }
  return (
    <Page
      heading={name}
      title={`${name} ${shortId(id)}`}
      note={execution !== null && <About execution={execution} about={about} />}
      actions={
        execution !== null && (
          <Actions
            {...{ execution, retryFrom }}
            steps={run.steps}
            hasWorkflow={about?.workflow != null}
            onRetryFrom={setRetryFrom}
          />
        )
      }
    >
      {execution === null ? (
        <Loading rows={12} />
      ) : (
        <RunView
          {...{ run, execution, source }}
          {...address}
          stepActions={canRetry && ((path) => <Button onClick={() => setRetryFrom(path)}>Retry from here…</Button>)}
        />
      )}
    </Page>
  );
}
