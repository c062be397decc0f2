// One workflow: what it is, how it goes, its steps as a graph, its versions, its runs, and what starts it.
import { Link, useParams } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { useMay } from '../../api/principal';
import { useAsk } from '../../api/useAsk';
import { Button, buttonClass } from '../../kit/Button';
import { Empty, FailureLine, FailureNote, Loading } from '../../kit/Notes';
import { Page, Section } from '../../kit/Page';
import { About } from './About';
import { Actions } from './Actions';
import { WORKFLOW, type WorkflowFound } from './queries';
import { Runs } from './Runs';
import { Start } from './Start';
import { Starters } from './Starters';
import { Versions } from './Versions';
import style from './Workflow.module.css';

const Plan = lazy(() => import('../../run/graph/Plan').then((module) => ({ default: module.Plan })));

export function Workflow() {
  const { name = '' } = useParams({ strict: false });
  return <WorkflowOf key={name} name={name} />;
}

function WorkflowOf({ name }: { readonly name: string }) {
  const { data, failure, again } = useAsk(WORKFLOW, { name });
  const may = useMay();
  const [isStarting, setStarting] = useState(false);
  const workflow = data?.workflow;
  if (workflow === undefined || workflow === null) {
    return (
      <Page heading={name}>
        {failure !== undefined ? (
          <FailureNote failure={failure} again={again} />
        ) : data === undefined ? (
          <Loading />
        ) : (
          <Empty title="There is no workflow with this name" action={<Link to="/workflows">All workflows</Link>}>
            It may have been deleted, or renamed.
          </Empty>
        )}
      </Page>
    );
  }
  return (
    <Page
      heading={workflow.name}
      note={<About workflow={workflow} />}
      actions={
        <>
          {may('Mutation.executeWorkflow') && workflow.status === 'ACTIVE' && (
            <Button kind="primary" aria-expanded={isStarting} onClick={() => setStarting(!isStarting)}>
              Start…
            </Button>
          )}
          {may('Mutation.applyWorkflow') && (
            <Link to="/workflows/$name/edit" params={{ name }} className={buttonClass()}>
              Edit
            </Link>
          )}
          <Actions workflow={workflow} />
        </>
      }
    >
      {failure !== undefined && <FailureLine failure={failure} />}
      {workflow.documentProblem !== null && <p role="alert">{workflow.documentProblem}</p>}
      {workflow.description !== null && (
        <p className={style.description}>
          <bdi>{workflow.description}</bdi>
        </p>
      )}
      {isStarting && <Start key={workflow.version} workflow={workflow} onClose={() => setStarting(false)} />}
      <Found workflow={workflow} />
    </Page>
  );
}

function Found({ workflow }: { readonly workflow: WorkflowFound }) {
  return (
    <>
      <Section heading="Steps">
        <div className={style.graph}>
          <Suspense fallback={<Loading />}>
            <Plan document={workflow.document} />
          </Suspense>
        </div>
      </Section>
      <div className={style.columns}>
        <Runs name={workflow.name} />
        <Starters id={workflow.id} workflow={workflow.name} />
      </div>
      <Versions workflow={workflow} />
    </>
  );
}
