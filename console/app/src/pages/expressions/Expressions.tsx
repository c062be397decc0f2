// An expression, tried on an input or on what a recorded run had, exactly as a worker would evaluate it.
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { filled } from '../../addresses';
import type { Failure } from '../../api/failure';
import type { EvaluateQuery } from '../../graphql/graphql';
import { AreaField } from '../../kit/Field';
import { Form } from '../../kit/Form';
import { readJson } from '../../kit/json';
import { JsonField } from '../../kit/JsonField';
import { FailureLine } from '../../kit/Notes';
import { Page } from '../../kit/Page';
import { Took } from '../../kit/Times';
import { load } from '../../payload/load';
import { Payload } from '../../payload/Payload';
import style from './Expressions.module.css';
import { EVALUATE } from './queries';
import { RunContext } from './RunContext';
import { placeIn } from './scope';

const EXAMPLE = '{\n  "lines": [\n    { "price": 2.5, "quantity": 4 },\n    { "price": 1, "quantity": 2 }\n  ]\n}';

interface Tried {
  readonly expression: string;
  readonly evaluation?: EvaluateQuery['evaluate'];
  readonly failure?: Failure;
}

export function Expressions() {
  const search = useSearch({ from: '/expressions' });
  const navigate = useNavigate();
  const [expression, setExpression] = useState(search.expression ?? '$sum(input.lines.(price * quantity))');
  const [input, setInput] = useState(EXAMPLE);
  const [recorded, setRecorded] = useState<Readonly<Record<string, unknown>>>();
  const [tried, setTried] = useState<Tried>();
  const [isRunning, setRunning] = useState(false);
  const read = readJson(input);
  const isOfRun = search.run !== undefined;
  const context = isOfRun ? recorded : 'value' in read ? { input: read.value ?? null } : undefined;

  async function evaluate(): Promise<void> {
    if (context === undefined || expression.trim() === '') return;
    void navigate({ to: '/expressions', search: filled({ ...search, expression }), replace: true });
    setRunning(true);
    const answer = await load(EVALUATE, { expression, context }, true, new AbortController().signal);
    setRunning(false);
    if (answer.kind === 'value') setTried({ expression, evaluation: answer.data.evaluate });
    else if (answer.kind === 'failed') setTried({ expression, failure: answer.failure });
  }

  return (
    <Page heading="Expressions" note="evaluated as a worker would">
      <div className={style.halves}>
        <Form submit="Evaluate" onSubmit={() => void evaluate()} isRunning={isRunning} isDisabled={context === undefined || expression.trim() === ''}>
          <div
            onKeyDown={(press) => {
              if (press.key === 'Enter' && (press.ctrlKey || press.metaKey)) void evaluate();
            }}
          >
            <AreaField label="Expression" value={expression} onChange={setExpression} rows={5} hint="JSONata, without braces. Ctrl+Enter evaluates it." />
          </div>
          <RunContext
            run={search.run}
            block={search.block ?? ''}
            onRun={(run, block) => void navigate({ to: '/expressions', search: filled({ expression, run, block }) })}
            onContext={setRecorded}
          />
          {!isOfRun && <JsonField label="Input" value={input} onChange={setInput} rows={12} hint="JSON, which the expression sees as input." />}
        </Form>
        <section aria-label="Result" className={style.result} aria-live="polite">
          {tried === undefined ? <p className={style.soft}>The result stands here.</p> : <Result tried={tried} />}
        </section>
        {isOfRun && recorded !== undefined && (
          <section className={style.result}>
            <h2>What the expression sees</h2>
            <Payload key={`${search.run ?? ''} ${search.block ?? ''}`} label="What the expression sees" value={recorded} expression={null} />
          </section>
        )}
      </div>
    </Page>
  );
}

function Result({ tried: { expression, evaluation, failure } }: { readonly tried: Tried }) {
  if (failure !== undefined) return <FailureLine failure={failure} />;
  if (evaluation === undefined) return null;
  return (
    <>
      <header className={style.resultHead}>
        <h2>{evaluation.error === null ? 'Value' : 'Error'}</h2>
        <span className={style.soft}>
          in <Took duration={evaluation.duration} />
        </span>
      </header>
      {evaluation.error === null ? (
        <Payload key={JSON.stringify([expression, evaluation.duration])} label="Value" value={evaluation.value ?? null} expression={null} />
      ) : (
        <Fault expression={expression} error={evaluation.error} />
      )}
    </>
  );
}

/** The error, and below the line that it is about a mark at its place. */
function Fault({ expression, error }: { readonly expression: string; readonly error: string }) {
  const place = placeIn(expression, error);
  return (
    <div className={style.fault}>
      <p>{error}</p>
      {place !== null && (
        <pre className={style.place} tabIndex={0}>
          {place.line}
          {'\n'}
          {' '.repeat(place.column)}
          <b aria-hidden="true">^</b>
        </pre>
      )}
    </div>
  );
}
