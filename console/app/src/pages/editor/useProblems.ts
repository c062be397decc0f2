// What is wrong with a document, as the API sees it: asked for when nothing was typed for a moment.
import { useEffect, useState } from 'react';
import { useClient } from 'urql';
import { askOnce } from '../../api/askOnce';
import type { Failure } from '../../api/failure';
import { VALIDATE } from './queries';
import type { ReadText, Span } from './text';

export interface FoundProblem extends Span {
  readonly message: string;
  /** The next thing to try. */
  readonly hint: string | null;
  /** Its place, such as `steps.0.config.url`; empty for the text as a whole. */
  readonly place: string;
}

export interface Checked {
  readonly problems: readonly FoundProblem[];
  /** True until what is shown is about the text as it is now. */
  readonly isStale: boolean;
  readonly failure: Failure | undefined;
}

const TYPING = 400; // ms without a change, after which the document is sent

interface Answer {
  readonly read: ReadText;
  readonly problems: readonly FoundProblem[];
  readonly failure: Failure | undefined;
}

const NONE: readonly FoundProblem[] = [];

export function useProblems(read: ReadText): Checked {
  const client = useClient();
  const [answer, setAnswer] = useState<Answer>();
  useEffect(() => {
    if (read.value === undefined) return;
    let isOver = false;
    const timer = setTimeout(() => {
      void askOnce(client, VALIDATE, { document: read.value }).then((asked) => {
        if (isOver) return;
        if ('failure' in asked) setAnswer({ read, problems: NONE, failure: asked.failure });
        else setAnswer({ read, problems: asked.data.validateWorkflow.problems.map((told) => found(read, told)), failure: undefined });
      });
    }, TYPING);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [client, read]);
  if (read.value === undefined) {
    return { problems: read.problems.map((each) => ({ ...each, hint: null, place: '' })), isStale: false, failure: undefined };
  }
  return { problems: answer?.problems ?? NONE, isStale: answer?.read !== read, failure: answer?.failure };
}

interface Told {
  readonly path: readonly string[];
  readonly message: string;
  readonly hint: string | null;
}

function found(read: ReadText, { path, message, hint }: Told): FoundProblem {
  return { ...read.locate(path), message, hint, place: path.join('.') };
}
