// What stands in the place of the steps of a run that has none, or none that is asked for.
import { Empty } from '../kit/Notes';

export function NoSteps({ hasEnded, onlyFailed }: { readonly hasEnded: boolean; readonly onlyFailed: boolean }) {
  if (onlyFailed) return <Empty title="No step has failed" />;
  if (hasEnded) return <Empty title="No step was run">It ended before its first one began.</Empty>;
  return <Empty title="No step has begun yet">They stand here as soon as a worker takes it.</Empty>;
}
