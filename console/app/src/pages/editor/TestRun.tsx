// A run of the document as it is now, with mocked steps and without side effects: its steps, its calls, its output.
import { useMemo, useState } from 'react';
import { useClient } from 'urql';
import { askOnce } from '../../api/askOnce';
import type { Failure } from '../../api/failure';
import type { TestDocumentQuery } from '../../graphql/graphql';
import { Button } from '../../kit/Button';
import { AreaField } from '../../kit/Field';
import { FailureLine } from '../../kit/Notes';
import { Section } from '../../kit/Page';
import { readWhole } from '../workflow/inputForm';
import { TEST } from './queries';
import { mocksOf, type Recorded } from './scope';
import { TestedRun } from './TestedRun';
import style from './Editor.module.css';

export type Tested = TestDocumentQuery['testWorkflow'];

export interface TestRunProps {
  /** The document; undefined while its text is none. */
  readonly document: unknown;
  readonly recorded: Recorded | null;
}

export function TestRun({ document, recorded }: TestRunProps) {
  const client = useClient();
  const [input, setInput] = useState('');
  const [mocks, setMocks] = useState('');
  const [isRunning, setRunning] = useState(false);
  const [failure, setFailure] = useState<Failure>();
  const [found, setFound] = useState<{ readonly of: unknown; readonly tested: Tested }>();
  const read = useMemo(() => ({ input: readWhole(input), mocks: readWhole(mocks) }), [input, mocks]);
  const isReadable = 'value' in read.input && 'value' in read.mocks;

  async function run(): Promise<void> {
    if (!('value' in read.input) || !('value' in read.mocks)) return;
    setRunning(true);
    const asked = await askOnce(client, TEST, { document, input: read.input.value, mocks: read.mocks.value });
    setRunning(false);
    setFailure('failure' in asked ? asked.failure : undefined);
    if ('data' in asked) setFound({ of: document, tested: asked.data.testWorkflow });
  }

  function take(): void {
    if (recorded === null) return;
    setInput(JSON.stringify(recorded.input, null, 2));
    setMocks(JSON.stringify(mocksOf(recorded), null, 2));
  }

  return (
    <Section heading="Test" actions={recorded !== null && <Button onClick={take}>Input and mocks of the recorded run</Button>}>
      <div className={style.fields}>
        <AreaField
          label="Test input"
          hint="JSON, or nothing"
          rows={4}
          value={input}
          onChange={setInput}
          problem={'problem' in read.input ? read.input.problem : undefined}
        />
        <AreaField
          label="Mocks"
          hint='JSON by path of step: {"fetch": {"output": {"status": 200, "body": {}}}}, or {"failure": {"status": 503}}'
          rows={4}
          value={mocks}
          onChange={setMocks}
          problem={'problem' in read.mocks ? read.mocks.problem : undefined}
        />
      </div>
      <div className={style.buttons}>
        <Button onClick={() => void run()} disabled={isRunning || document === undefined || !isReadable}>
          Run the test
        </Button>
        {isRunning && (
          <span role="status" className={style.soft}>
            It runs …
          </span>
        )}
        {found !== undefined && found.of !== document && <span className={style.soft}>The document has changed since.</span>}
      </div>
      {failure !== undefined && <FailureLine failure={failure} />}
      {found !== undefined && <TestedRun tested={found.tested} document={found.of} />}
    </Section>
  );
}
