// Where what is shown of a run comes from: the API, or a file that it was exported into.
import type { LoadValue } from '../payload/LoadedPayload';

export interface RunSource {
  /** The moment at which the run was written down, in milliseconds since 1970; null of one that is followed. */
  readonly recordedAt: number | null;
  /** The document that it began with; null while it is not known, and of an orchestration, which has none. */
  readonly document: unknown;
  /** What it began with. */
  readonly input: LoadValue;
  /** What it gave. */
  readonly output: LoadValue;
  /** What the step at a path was called with. */
  readonly inputOf: (path: string) => LoadValue;
  /** What the step at a path gave. */
  readonly outputOf: (path: string) => LoadValue;
  /** The details of what went wrong: at this attempt, or where it is null at the step as a whole. */
  readonly detailsOf: (path: string, attempt: number | null) => LoadValue;
}
