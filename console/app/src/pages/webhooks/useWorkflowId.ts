// Finds the id of the workflow with a typed name, when a form is sent.
import { useState } from 'react';
import { useClient } from 'urql';
import { askOnce } from '../../api/askOnce';
import { WORKFLOW_OF_NAME } from './queries';

export interface FoundWorkflow {
  readonly id: string | null;
}

/** `find` gives null in the place of the id where no name is typed, and undefined where there is no such workflow. */
export function useWorkflowId(): {
  readonly find: (name: string) => Promise<FoundWorkflow | undefined>;
  readonly problem: string | undefined;
  readonly isLooking: boolean;
} {
  const client = useClient();
  const [problem, setProblem] = useState<string>();
  const [isLooking, setLooking] = useState(false);
  async function find(typed: string): Promise<FoundWorkflow | undefined> {
    const name = typed.trim();
    setProblem(undefined);
    if (name === '') return { id: null };
    setLooking(true);
    const answer = await askOnce(client, WORKFLOW_OF_NAME, { name });
    setLooking(false);
    if ('failure' in answer) {
      setProblem(answer.failure.message);
      return undefined;
    }
    if (answer.data.workflow === null) {
      setProblem(`There is no workflow ${name}.`);
      return undefined;
    }
    return { id: answer.data.workflow.id };
  }
  return { find, problem, isLooking };
}
