// One run: its steps page by page, and what changes from the first page on; nothing is taken twice.
import { useEffect, useState } from 'react';
import { useClient, type Client } from 'urql';
import { askOnce } from '../api/askOnce';
import type { Failure } from '../api/failure';
import { heard } from '../api/clock';
import { listen } from '../api/live';
import { pauseBefore } from '../api/pauses';
import type { RunStepsQuery, RunStepsQueryVariables } from '../graphql/graphql';
import { mayReachOthers, reduceRun, UNKNOWN_RUN, withPage, withUnreached, type Run, type RunUpdate } from './live';
import { PROGRESS, STEPS, UNREACHED } from './queries';
import { executionFrom, stepFrom, updateFrom } from './wire';

export interface FollowedRun {
  readonly run: Run;
  /** Why it cannot be followed: there is none, or it must not be seen. */
  readonly failure: Failure | undefined;
}

export function useRun(id: string): FollowedRun {
  const client = useClient();
  const [followed, setFollowed] = useState<FollowedRun & { readonly id: string }>();
  useEffect(() => {
    const follower = new Follower(client, id, (run, failure) => setFollowed({ id, run, failure }));
    return () => follower.stop();
  }, [client, id]);
  return followed?.id === id ? followed : { run: UNKNOWN_RUN, failure: undefined };
}

const FIRST_PAGE = 100; // steps: soon there, and all of most runs
const PAGE = 500;
const UNREACHED_AFTER = 400; // ms: several changes are asked about together
const HIDDEN_PAUSE = 500; // ms between pictures that nobody sees
const MOST_REFUSALS = 2; // in a row, of more changes than one message may have: then it is for another reason

class Follower {
  private run: Run = UNKNOWN_RUN;
  private failure: Failure | undefined;
  private waiting: RunUpdate[] = [];
  private frame: (() => void) | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isStopped = false;
  private unsubscribe: (() => void) | undefined;
  private loading = 0;
  private refusals = 0;

  constructor(
    private readonly client: Client,
    private readonly id: string,
    private readonly tell: (run: Run, failure: Failure | undefined) => void,
  ) {
    void this.load();
  }

  stop(): void {
    this.isStopped = true;
    this.unsubscribe?.();
    this.frame?.();
    clearTimeout(this.timer);
  }

  /** Page after page, each shown as it comes. From the first on, what changes meanwhile is heard too. */
  private async load(): Promise<void> {
    this.unsubscribe?.();
    this.run = UNKNOWN_RUN;
    this.waiting = [];
    const mine = (this.loading += 1);
    let after: string | null | undefined = null;
    for (let failures = 0; after !== undefined; ) {
      const first = after === null ? FIRST_PAGE : PAGE;
      const answer: Answer = await askOnce(this.client, STEPS, { id: this.id, first, after });
      if (this.isStopped || mine !== this.loading) return;
      if (!('failure' in answer)) {
        failures = 0;
        after = this.addPage(answer.data);
      } else if (!mayPass(answer.failure)) {
        this.fail(answer.failure);
        return;
      } else if (after === null) {
        this.unsubscribe = this.follow(); // which goes on trying, and says since when
        return;
      } else await pause(pauseBefore((failures += 1), Math.random()));
    }
  }

  /** Where the next page begins; undefined after the last. */
  private addPage({ execution }: RunStepsQuery): string | undefined {
    if (!execution) {
      this.fail(GONE);
      return undefined;
    }
    const { nodes, pageInfo } = execution.steps;
    const isFirst = this.run.sequence < 0;
    this.run = withPage(this.run, executionFrom(execution), execution.sequence, nodes.map(stepFrom));
    if (isFirst) this.unsubscribe = this.follow();
    this.show();
    return pageInfo.hasNextPage ? (pageInfo.endCursor ?? undefined) : undefined;
  }

  private follow(): () => void {
    const variables = (): { id: string; after: number | null } => {
      this.take();
      return { id: this.id, after: this.run.sequence < 0 ? null : this.run.sequence };
    };
    return listen(PROGRESS, variables, {
      next: (data) => this.hear(updateFrom(data)),
      fail: (failure) => {
        if (failure.code === 'LIMIT_EXCEEDED' && (this.refusals += 1) <= MOST_REFUSALS) void this.load();
        else this.fail(failure);
      },
    });
  }

  private hear(update: RunUpdate): void {
    this.refusals = 0;
    this.waiting.push(update);
    const newest = newestMoment(update);
    if (newest !== null) heard(newest);
    if (mayReachOthers(update)) this.timer ??= setTimeout(() => void this.askForUnreached(), UNREACHED_AFTER);
    this.frame ??= soon(() => this.show());
  }

  private take(): void {
    this.run = reduceRun(this.run, this.waiting);
    this.waiting = [];
  }

  private show(): void {
    this.frame = undefined;
    this.take();
    this.tell(this.run, this.failure);
  }

  private fail(failure: Failure): void {
    this.failure = failure;
    this.show();
  }

  private async askForUnreached(): Promise<void> {
    this.timer = undefined;
    const answer = await askOnce(this.client, UNREACHED, { id: this.id });
    if (this.isStopped || 'failure' in answer || !answer.data.execution) return;
    this.take();
    this.run = withUnreached(this.run, answer.data.execution.steps.nodes.map(stepFrom));
    this.show();
  }
}

type Answer = Awaited<ReturnType<typeof askOnce<RunStepsQuery, RunStepsQueryVariables>>>;

const GONE: Failure = { kind: 'refused', code: 'NOT_FOUND', message: 'There is no such execution any more.' };

/** True of a failure that may be over in a moment: the API is away, or could not do it just now. */
function mayPass({ kind, code }: Failure): boolean {
  return kind === 'disconnected' || code === 'UNAVAILABLE' || code === 'INTERNAL';
}

/** When the newest of what an update tells has happened; null where it tells of no step. */
function newestMoment({ steps }: RunUpdate): number | null {
  let newest = -Infinity;
  for (const { startedAt, finishedAt } of steps) newest = Math.max(newest, startedAt ?? newest, finishedAt ?? newest);
  return newest === -Infinity ? null : newest;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}

/** Before the next picture; returns what takes it back. */
function soon(work: () => void): () => void {
  if (document.hidden) {
    const timer = setTimeout(work, HIDDEN_PAUSE);
    return () => clearTimeout(timer);
  }
  const frame = requestAnimationFrame(work);
  return () => cancelAnimationFrame(frame);
}
