// One transformation rule: tried on a value, changed, deleted.
import { useState } from 'react';
import type { Failure } from '../../api/failure';
import { useMay } from '../../api/principal';
import { useAct } from '../../api/useAct';
import type { TryRuleQuery } from '../../graphql/graphql';
import { Button } from '../../kit/Button';
import { Confirm } from '../../kit/Confirm';
import { Form } from '../../kit/Form';
import { readJson } from '../../kit/json';
import { JsonField } from '../../kit/JsonField';
import { Empty, FailureNote, Loading } from '../../kit/Notes';
import { Sheet } from '../../kit/Sheet';
import { load } from '../../payload/load';
import { Payload } from '../../payload/Payload';
import { useLoaded } from '../../payload/useLoaded';
import { toJson } from '../../payload/values';
import { DELETE_RULE, RULE, TRY_RULE } from './queries';
import { EMPTY_RULE, typedRule, type Rule } from './rule';
import { RuleForm } from './RuleForm';
import style from './Rules.module.css';

export interface RuleSheetProps {
  readonly name: string;
  readonly onClose: () => void;
  readonly onChanged: () => void;
}

export function RuleSheet({ name, onClose, onChanged }: RuleSheetProps) {
  const { data, failure, again } = useLoaded(RULE, { name });
  const rule = data?.transformationRule;
  const may = useMay();
  return (
    <Sheet title={name} onClose={onClose}>
      {failure !== undefined && <FailureNote failure={failure} again={again} />}
      {data === undefined && failure === undefined && <Loading rows={8} />}
      {rule === null && <Empty title="There is no rule with this name">It may have been deleted.</Empty>}
      {rule && (
        <>
          {may('Mutation.saveTransformationRule') ? (
            <RuleForm
              first={typedRule(rule)}
              onSaved={() => {
                again();
                onChanged();
              }}
            />
          ) : (
            <Payload label="The rule" value={rule} expression={null} />
          )}
          <Trial rule={rule} />
          {may('Mutation.deleteTransformationRule') && (
            <Deletion
              name={name}
              onDeleted={() => {
                onChanged();
                onClose();
              }}
            />
          )}
        </>
      )}
    </Sheet>
  );
}

export function NewRule({ onClose, onSaved }: { readonly onClose: () => void; readonly onSaved: (name: string) => void }) {
  return (
    <Sheet title="New rule" onClose={onClose}>
      <RuleForm first={EMPTY_RULE} isNew onCancel={onClose} onSaved={onSaved} />
    </Sheet>
  );
}

interface Tried {
  readonly evaluation?: TryRuleQuery['evaluate'];
  readonly failure?: Failure;
}

/** The stored expression on a value. Schemas are not asked: they are in the way of what is tried. */
function Trial({ rule }: { readonly rule: Rule }) {
  const [text, setText] = useState(() => (rule.examples[0] === undefined ? '' : toJson(rule.examples[0].input)));
  const [tried, setTried] = useState<Tried>();
  const [isRunning, setRunning] = useState(false);
  const read = readJson(text);
  async function apply(): Promise<void> {
    if (!('value' in read)) return;
    setRunning(true);
    const context = { input: read.value ?? null };
    const answer = await load(TRY_RULE, { expression: rule.expression, context }, true, new AbortController().signal);
    setRunning(false);
    if (answer.kind === 'value') setTried({ evaluation: answer.data.evaluate });
    else if (answer.kind === 'failed') setTried({ failure: answer.failure });
  }
  const error = tried?.evaluation?.error;
  return (
    <section className={style.part}>
      <h3>Try it</h3>
      <Form submit="Apply" onSubmit={() => void apply()} isRunning={isRunning} isDisabled={'problem' in read} failure={tried?.failure}>
        <JsonField label="Value" value={text} onChange={setText} rows={4} hint="The rule as it is stored is applied to it." />
      </Form>
      <div aria-live="polite">
        {error != null && <p className={style.fault}>{error}</p>}
        {tried?.evaluation !== undefined && error == null && (
          <Payload key={toJson(tried.evaluation.value)} label="Result" value={tried.evaluation.value ?? null} expression={null} />
        )}
      </div>
    </section>
  );
}

function Deletion({ name, onDeleted }: { readonly name: string; readonly onDeleted: () => void }) {
  const { run, isRunning, failure } = useAct(DELETE_RULE, (data) => data.deleteTransformationRule);
  const [isAsked, setAsked] = useState(false);
  async function remove(): Promise<void> {
    if ('data' in (await run({ name }))) onDeleted();
  }
  return (
    <div className={style.actions}>
      <Button kind="danger" onClick={() => setAsked(true)}>
        Delete…
      </Button>
      {isAsked && (
        <Confirm title={`Delete the rule ${name}?`} action="Delete it" isRunning={isRunning} failure={failure} onConfirm={() => void remove()} onClose={() => setAsked(false)}>
          It is refused while the newest version of a workflow uses it.
        </Confirm>
      )}
    </div>
  );
}
