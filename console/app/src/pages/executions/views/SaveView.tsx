// Saving the list as it is: its filter and its columns, under a name.
import { useState } from 'react';
import { problemAt } from '../../../api/failure';
import { usePrincipal } from '../../../api/principal';
import { useAct } from '../../../api/useAct';
import { CheckField, TextField } from '../../../kit/Field';
import { Form } from '../../../kit/Form';
import { Sheet } from '../../../kit/Sheet';
import { writeText, type Filter } from '../filter';
import { CREATE_VIEW } from './queries';
import { mayShare, savedFilter } from './view';
import style from './Views.module.css';

export interface SaveViewProps {
  readonly filter: Filter;
  /** The columns to keep; none for all. */
  readonly columns: readonly string[];
  readonly onClose: () => void;
  readonly onSaved: (name: string) => void;
}

export function SaveView({ filter, columns, onClose, onSaved }: SaveViewProps) {
  const principal = usePrincipal();
  const [name, setName] = useState('');
  const [shared, setShared] = useState(false);
  const act = useAct(CREATE_VIEW, (data) => data.createSavedView);
  const text = writeText(filter);
  async function save(): Promise<void> {
    const input = { kind: 'EXECUTIONS' as const, name: name.trim(), filter: savedFilter(filter), columns: [...columns], shared };
    if ('data' in (await act.run({ input }))) onSaved(input.name);
  }
  return (
    <Sheet title="Save this list" onClose={onClose}>
      <Form
        submit="Save"
        onSubmit={() => void save()}
        isRunning={act.isRunning}
        isDisabled={name.trim() === ''}
        failure={act.failure}
        fields={['name']}
      >
        <p className={style.text}>{text === '' ? 'All executions' : <code>{text}</code>}, with the columns that are shown.</p>
        <TextField label="Name" problem={problemAt(act.failure, 'name')} value={name} onChange={setName} autoFocus />
        {mayShare(principal) && (
          <CheckField label="Shared" hint="Everybody sees it, not only your key." isChecked={shared} onChange={setShared} />
        )}
      </Form>
    </Sheet>
  );
}
