// One run: what it is, how it stands, and its steps, live.
import { useState } from 'react';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { Loading, FailureNote } from '../../kit/Notes';
import { Page } from '../../kit/Page';
import { shortId } from '../../kit/ids';
import { readSelection, writeSelection, type Selection } from '../../run/paths';
import { RunView } from '../../run/RunView';
import { useRun } from '../../run/useRun';
import { readView, type View } from '../../run/ViewBar';
import { useMay } from '../../api/principal';
import { Button } from '../../kit/Button';
import { About } from './About';
import { Actions } from './actions/Actions';
import { offersFor } from './actions/offers';
import { useAbout } from './useAbout';

export function Run() {
  const { id } = useParams({ strict: false });
  return <RunOf key={id} id={id ?? ''} />;
}

function RunOf({ id }: { readonly id: string }) {
  const search: Record<string, unknown> = useSearch({ strict: false });
  const navigate = useNavigate();
  const { run, failure } = useRun(id);
  const about = useAbout(id);
  const selection = readSelection(search);
  const view = readView(search.view);
  const name = about?.workflow?.name ?? (about === null ? shortId(id) : 'Execution');

  function go(next: { readonly view: View; readonly selection: Selection | null }): void {
    const written = { ...writeSelection(next.selection), ...(next.view === 'timeline' ? {} : { view: next.view }) };
    void navigate({ to: '.', search: () => written, replace: true, resetScroll: false });
  }

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
          {...{ run, execution, view, selection }}
          onView={(next) => go({ view: next, selection })}
          onSelect={(next) => go({ view, selection: next })}
          stepActions={canRetry && ((path) => <Button onClick={() => setRetryFrom(path)}>Retry from here …</Button>)}
        />
      )}
    </Page>
  );
}
