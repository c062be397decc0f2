// A document being written: its text, its problems, its graph beside it, a test of it, and the way to store it.
import { useBlocker } from '@tanstack/react-router';
import { lazy, Suspense, useDeferredValue, useMemo, useRef, useState } from 'react';
import { useAsk } from '../../api/useAsk';
import { Button } from '../../kit/Button';
import { SelectField } from '../../kit/Field';
import { shortId } from '../../kit/ids';
import { FailureLine, Loading } from '../../kit/Notes';
import { wordOf } from '../../kit/states';
import { CodeEditor, type EditorHandle } from './CodeEditor';
import { offersAt } from './complete';
import { placesInDocument } from './places';
import { Problems } from './Problems';
import { DOCUMENT_SCHEMA } from './queries';
import { Save, type Stored } from './Save';
import type { Schema } from './schema';
import { scopeOf } from './scope';
import { TestRun } from './TestRun';
import { read, write, type Language } from './text';
import { useProblems } from './useProblems';
import { useRecorded, type RecordedRuns } from './useRecorded';
import style from './Editor.module.css';

const Confirm = lazy(() => import('../../kit/Confirm').then((module) => ({ default: module.Confirm })));
const Plan = lazy(() => import('../../run/graph/Plan').then((module) => ({ default: module.Plan })));

const LANGUAGES = [
  { value: 'yaml', name: 'YAML' },
  { value: 'json', name: 'JSON' },
] as const;

export interface WorkbenchProps {
  /** The workflow as it is stored; null for a new one. */
  readonly stored: Stored | null;
  /** The text to begin with; null for that of the stored document. */
  readonly first: string | null;
}

export function Workbench({ stored: newest, first }: WorkbenchProps) {
  const [stored] = useState(newest); // what others store meanwhile is noticed when it is saved
  const [initial] = useState(() => first ?? write(stored?.document, 'yaml'));
  const [text, setText] = useState(initial);
  const [language, setLanguage] = useState<Language>('yaml');
  const [isSaving, setSaving] = useState(false);
  const editor = useRef<EditorHandle>(null);
  const isSaved = useRef(false);
  const later = useDeferredValue(text);
  const found = useMemo(() => read(later, language), [later, language]);
  const [lastGood, setLastGood] = useState<unknown>(found.value);
  if (found.value !== undefined && found.value !== lastGood) setLastGood(found.value);
  const checked = useProblems(found);
  const places = useMemo(() => placesInDocument(lastGood), [lastGood]);
  const schema = useAsk(DOCUMENT_SCHEMA, {});
  const runs = useRecorded(stored?.name ?? null);
  const scope = useMemo(() => scopeOf(lastGood, places.ids, runs.recorded), [lastGood, places, runs.recorded]);
  const marks = useMemo(
    () => checked.problems.map(({ from, to, message, hint }) => ({ from, to, message: [message, hint].filter(Boolean).join('\n') })),
    [checked.problems],
  );
  const failure = runs.failure ?? schema.failure;
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => current.pathname !== next.pathname && text !== initial && !isSaved.current,
    enableBeforeUnload: () => text !== initial && !isSaved.current,
    withResolver: true,
  });

  function change(to: Language): void {
    if (to === language) return;
    const { value } = read(text, language);
    if (value === undefined) return;
    editor.current?.replace(write(value, to));
    setLanguage(to);
  }

  return (
    <>
      <div className={style.tools}>
        <SelectField label="Language" value={language} onChange={change} choices={LANGUAGES} />
        <RunChoice runs={runs} />
        <Button
          kind="primary"
          disabled={found.value === undefined || checked.problems.length > 0 || checked.isStale}
          aria-expanded={isSaving}
          onClick={() => setSaving(true)}
        >
          Save…
        </Button>
      </div>
      {failure !== undefined && <FailureLine failure={failure} />}
      {isSaving && (
        <Save
          document={found.value}
          stored={stored}
          onSaved={() => {
            isSaved.current = true;
          }}
          onClose={() => setSaving(false)}
        />
      )}
      <div className={style.bench}>
        <div className={style.text}>
          <CodeEditor
            ref={editor}
            label="Document"
            language={language}
            initial={initial}
            marks={marks}
            offers={(written, position) => offersAt(written, position, language, (schema.data?.documentSchema ?? {}) as Schema, scope)}
            onChange={setText}
          />
        </div>
        <div className={style.graph}>
          <Suspense fallback={<Loading />}>
            <Plan
              document={lastGood}
              onSelect={(path) => {
                const place = places.byPath.get(path);
                if (place !== undefined) editor.current?.show(found.locate(place));
              }}
            />
          </Suspense>
        </div>
      </div>
      <Problems checked={checked} onShow={(span) => editor.current?.show(span)} />
      <TestRun document={found.value} recorded={runs.recorded} />
      {blocker.status === 'blocked' && (
        <Suspense>
          <Confirm title="Leave without saving?" action="Leave" onConfirm={blocker.proceed} onClose={blocker.reset}>
            What was changed here is lost then.
          </Confirm>
        </Suspense>
      )}
    </>
  );
}

function RunChoice({ runs: { runs, chosen, choose, isLarge, isMissing } }: { readonly runs: RecordedRuns }) {
  if (chosen === '') return null;
  const isListed = runs.some(({ id }) => id === chosen);
  return (
    <SelectField
      label="Recorded run"
      value={chosen}
      onChange={choose}
      choices={[
        ...(isListed ? [] : [{ value: chosen, name: shortId(chosen) }]),
        ...runs.map(({ id, status }) => ({ value: id, name: `${shortId(id)} ${wordOf(status)}` })),
      ]}
      problem={isMissing ? 'There is no execution with this id.' : undefined}
      {...(isLarge && { hint: 'It is larger than 256 kB, so its values are not offered.' })}
    />
  );
}
