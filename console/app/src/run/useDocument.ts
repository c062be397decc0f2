// The document that a run began with, for the order of its steps and what each of them runs after.
import { useMemo } from 'react';
import { useAsk } from '../api/useAsk';
import { DOCUMENT, VERSION } from './queries';

/** The workflow's document; null while it is not known, and of an orchestration, which has none. */
export function useDocument(id: string): unknown {
  const { data } = useAsk(DOCUMENT, { id });
  const workflow = data?.execution?.workflow;
  const version = data?.execution?.workflowVersion;
  const isNewest = workflow?.version === version;
  const older = isNewest ? undefined : workflow?.versions.nodes.find((each) => each.version === version)?.id;
  const { data: found } = useAsk(VERSION, { id: older ?? '' }, { pause: older === undefined });
  return useMemo(() => {
    if (isNewest) return workflow?.document ?? null;
    return found?.node && 'document' in found.node ? found.node.document : null;
  }, [isNewest, workflow, found]);
}
