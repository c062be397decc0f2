// The palette: a line to type into, and what it leads to: pages, executions, and the looks of the console.
import { Dialog } from '@base-ui/react/dialog';
import { useNavigate } from '@tanstack/react-router';
import { useId, useState, type KeyboardEvent } from 'react';
import { usePrincipal } from '../api/principal';
import { signOut, useSession } from '../api/session';
import { counted } from '../kit/numbers';
import sheet from '../kit/Sheet.module.css';
import { choose } from '../look/theme';
import { placesFor } from './places';
import style from './Palette.module.css';

interface Entry {
  readonly name: string;
  readonly kind: string;
  readonly run: () => void;
}

export function Palette({ onClose, onHelp }: { readonly onClose: () => void; readonly onHelp: () => void }) {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const id = useId();
  const { key } = useSession();
  const navigate = useNavigate();
  const word = text.trim();
  const go = (to: string, search: Record<string, string> = {}) => (): void => void navigate({ to, search });
  const fixed: readonly Entry[] = [
    ...placesFor(usePrincipal()?.deniedFields).map(({ name, to }) => ({ name, kind: 'page', run: go(to) })),
    { name: 'Failed executions of the last day', kind: 'list', run: go('/executions', { status: 'FAILED,TIMED_OUT', since: '24h' }) },
    { name: 'Executions that wait', kind: 'list', run: go('/executions', { status: 'WAITING' }) },
    { name: 'Open an export of an execution', kind: 'page', run: go('/executions/file') },
    { name: 'Light', kind: 'look', run: () => choose('light') },
    { name: 'Dark', kind: 'look', run: () => choose('dark') },
    { name: 'As the system', kind: 'look', run: () => choose('system') },
    ...(key === null ? [] : [{ name: 'Sign out', kind: 'key', run: signOut }]),
  ];
  const entries: readonly Entry[] = [
    ...fixed.filter(({ name, kind }) => `${name} ${kind}`.toLowerCase().includes(word.toLowerCase())),
    ...(/^ex_\w+$/.test(word) ? [{ name: `Open ${word}`, kind: 'execution', run: go(`/executions/${word}`) }] : []),
    ...(/^\w[\w.-]*$/.test(word)
      ? [
          { name: `Executions of the workflow ${word}`, kind: 'list', run: go('/executions', { workflow: word }) },
          { name: `Executions with ${word} in their labels`, kind: 'list', run: go('/executions', { text: word }) },
        ]
      : []),
    ...('keys'.includes(word.toLowerCase()) ? [{ name: 'Keys of the console', kind: 'help', run: onHelp }] : []),
  ];
  function run(entry: Entry): void {
    onClose();
    entry.run();
  }
  function press(pressed: KeyboardEvent): void {
    const by = pressed.key === 'ArrowDown' ? 1 : pressed.key === 'ArrowUp' ? -1 : 0;
    const entry = entries[at];
    if (by !== 0) setAt((at + by + entries.length) % Math.max(entries.length, 1));
    else if (pressed.key === 'Enter' && entry !== undefined) run(entry);
    else return;
    pressed.preventDefault();
  }
  return (
    <Dialog.Root open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className={sheet.veil} />
        <Dialog.Popup className={`${sheet.popup ?? ''} ${style.palette ?? ''}`} aria-label="Search or act">
          <input
            className={style.input}
            role="combobox"
            aria-label="Search or act"
            aria-expanded
            aria-autocomplete="list"
            aria-controls={`${id}-list`}
            aria-activedescendant={entries.length > 0 ? `${id}-${String(at)}` : undefined}
            placeholder="A page, an id, a workflow, a word in labels …"
            value={text}
            onChange={(change) => {
              setText(change.target.value);
              setAt(0);
            }}
            onKeyDown={press}
            spellCheck={false}
            autoComplete="off"
            autoFocus
          />
          <p role="status" className={entries.length === 0 ? style.empty : 'unseen'}>
            {entries.length === 0 ? 'There is nothing like that.' : counted(entries.length, 'entry', 'entries')}
          </p>
          <ul id={`${id}-list`} role="listbox" aria-label="What it leads to" className={style.list}>
            {entries.map((entry, index) => (
              <li
                key={`${entry.kind} ${entry.name}`}
                id={`${id}-${String(index)}`}
                ref={index === at ? (row) => row?.scrollIntoView({ block: 'nearest' }) : undefined}
                role="option"
                aria-selected={index === at}
                className={style.entry}
                onPointerMove={() => setAt(index)}
                onClick={() => run(entry)}
              >
                <bdi>{entry.name}</bdi>
                <span className={style.kind}>{entry.kind}</span>
              </li>
            ))}
          </ul>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
