// Deleting a run that has ended: the question before it, and afterwards the list.
import { useNavigate } from '@tanstack/react-router';
import { useAct } from '../../../api/useAct';
import { Confirm } from '../../../kit/Confirm';
import { DELETE } from './mutations';

export function DeleteRun({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const navigate = useNavigate();
  const act = useAct(DELETE, (data) => data.deleteExecution);
  async function remove(): Promise<void> {
    if ('data' in (await act.run({ id }))) await navigate({ to: '/executions' });
  }
  return (
    <Confirm
      title="Delete this run?"
      action="Delete it"
      isRunning={act.isRunning}
      failure={act.failure}
      onConfirm={() => void remove()}
      onClose={onClose}
    >
      It is removed with its steps and all their values. That cannot be undone.
    </Confirm>
  );
}
