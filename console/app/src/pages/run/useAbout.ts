// What is said of a run beside its state, and does not change: its workflow, where it comes from, its labels.
import { useAsk } from '../../api/useAsk';
import { graphql } from '../../graphql';
import type { RunAboutQuery } from '../../graphql/graphql';

const ABOUT = graphql(`
  query RunAbout($id: ID!) {
    execution(id: $id) {
      id
      workflowVersion
      labels
      priority
      idempotencyKey
      parent {
        id
      }
      retriedFrom {
        id
      }
      workflow {
        id
        name
      }
    }
  }
`);

export type RunAbout = NonNullable<RunAboutQuery['execution']>;

/** undefined while it is asked for, null of a run that is none. */
export function useAbout(id: string): RunAbout | null | undefined {
  const { data } = useAsk(ABOUT, { id });
  return data === undefined ? undefined : (data.execution ?? null);
}
