// What can be done with a workflow beside starting and editing it: another status, and its end.
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useMay } from '../../api/principal';
import { useAct } from '../../api/useAct';
import type { WorkflowStatus } from '../../graphql/graphql';
import { Confirm } from '../../kit/Confirm';
import { Item, Menu } from '../../kit/Menu';
import { FailureLine } from '../../kit/Notes';
import { DELETE, SET_STATUS, type WorkflowFound } from './queries';

const CHANGES: readonly { readonly status: WorkflowStatus; readonly name: string }[] = [
  { status: 'ACTIVE', name: 'Activate' },
  { status: 'PAUSED', name: 'Pause starts' },
  { status: 'DRAFT', name: 'Make a draft' },
  { status: 'ARCHIVED', name: 'Archive' },
];

export function Actions({ workflow }: { readonly workflow: WorkflowFound }) {
  const navigate = useNavigate();
  const may = useMay();
  const [isAsking, setAsking] = useState(false);
  const setStatus = useAct(SET_STATUS, (data) => data.updateWorkflow);
  const remove = useAct(DELETE, (data) => data.deleteWorkflow);
  const mayChange = may('Mutation.updateWorkflow');
  const mayDelete = may('Mutation.deleteWorkflow');

  async function end(): Promise<void> {
    if ('data' in (await remove.run({ id: workflow.id }))) await navigate({ to: '/workflows' });
  }

  if (!mayChange && !mayDelete) return null;
  return (
    <>
      {setStatus.failure !== undefined && <FailureLine failure={setStatus.failure} />}
      <Menu label="More" kind="plain">
        {mayChange &&
          CHANGES.filter(({ status }) => status !== workflow.status).map(({ status, name }) => (
            <Item key={status} onChoose={() => void setStatus.run({ id: workflow.id, status })} disabled={setStatus.isRunning}>
              {name}
            </Item>
          ))}
        {mayDelete && (
          <Item isDangerous onChoose={() => setAsking(true)}>
            Delete…
          </Item>
        )}
      </Menu>
      {isAsking && (
        <Confirm
          title={`Delete the workflow ${workflow.name}?`}
          action="Delete it"
          isRunning={remove.isRunning}
          failure={remove.failure}
          onConfirm={() => void end()}
          onClose={() => {
            remove.forget();
            setAsking(false);
          }}
        >
          Its executions stay. While one has not ended, it cannot be deleted.
        </Confirm>
      )}
    </>
  );
}
