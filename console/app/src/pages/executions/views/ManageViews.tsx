// Changing saved views: their names, who sees them, and deleting them.
import { useState } from 'react';
import { problemAt } from '../../../api/failure';
import { usePrincipal } from '../../../api/principal';
import { useAct } from '../../../api/useAct';
import { Button } from '../../../kit/Button';
import { Confirm } from '../../../kit/Confirm';
import { CheckField, TextField } from '../../../kit/Field';
import { Form } from '../../../kit/Form';
import { Sheet } from '../../../kit/Sheet';
import { writeText } from '../filter';
import { DELETE_VIEW, UPDATE_VIEW } from './queries';
import { mayChange, mayShare, readView, type View } from './view';
import style from './Views.module.css';

export function ManageViews({ views, onClose }: { readonly views: readonly View[]; readonly onClose: () => void }) {
  const [gone, setGone] = useState<ReadonlySet<string>>(new Set());
  const left = views.filter((view) => !gone.has(view.id));
  return (
    <Sheet title="Saved views" onClose={onClose}>
      {left.map((view) => (
        <ViewForm key={view.id} view={view} onDeleted={() => setGone(new Set([...gone, view.id]))} />
      ))}
      <p role="status" className={style.text}>
        {left.length === 0 && 'There is no view any more.'}
      </p>
    </Sheet>
  );
}

function ViewForm({ view, onDeleted }: { readonly view: View; readonly onDeleted: () => void }) {
  const principal = usePrincipal();
  const [name, setName] = useState(view.name);
  const [shared, setShared] = useState(view.shared);
  const [done, setDone] = useState<string>();
  const [isAsked, setAsked] = useState(false);
  const update = useAct(UPDATE_VIEW, (data) => data.updateSavedView);
  const remove = useAct(DELETE_VIEW, (data) => data.deleteSavedView);
  const text = writeText(readView(view.filter).filter);
  async function save(): Promise<void> {
    setDone(undefined);
    if ('data' in (await update.run({ id: view.id, input: { name: name.trim(), shared } }))) setDone('Saved.');
  }
  async function confirm(): Promise<void> {
    if ('data' in (await remove.run({ id: view.id }))) onDeleted();
  }
  const about = <p className={style.text}>{text === '' ? 'All executions' : <code>{text}</code>}</p>;
  if (!mayChange(view, principal)) {
    return (
      <section className={style.view} aria-label={view.name}>
        <h3>
          <bdi>{view.name}</bdi>
        </h3>
        {about}
        <p className={style.text}>Shared by {view.owner}, who can change it.</p>
      </section>
    );
  }
  return (
    <section className={style.view} aria-label={view.name}>
      <Form submit="Save" onSubmit={() => void save()} isRunning={update.isRunning} failure={update.failure} fields={['name']} done={done}>
        <TextField label="Name" problem={problemAt(update.failure, 'name')} value={name} onChange={setName} />
        {about}
        {(mayShare(principal) || view.shared) && <CheckField label="Shared" isChecked={shared} onChange={setShared} />}
      </Form>
      <div>
        <Button kind="danger" onClick={() => setAsked(true)}>
          Delete…
        </Button>
      </div>
      {isAsked && (
        <Confirm
          title={`Delete the view ${view.name}?`}
          action="Delete it"
          isRunning={remove.isRunning}
          failure={remove.failure}
          onConfirm={() => void confirm()}
          onClose={() => setAsked(false)}
        >
          {view.shared ? 'It is gone for everybody. ' : ''}Executions stay as they are.
        </Confirm>
      )}
    </section>
  );
}
