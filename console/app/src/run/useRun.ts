// One run, followed live: what changes between two frames is taken together, and nothing is taken twice.
import { useEffect, useState } from 'react';
import { useClient, type Client } from 'urql';
import { askOnce } from '../api/askOnce';
import type { Failure } from '../api/failure';
import { heard } from '../api/clock';
import { listen } from '../api/live';
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

const UNREACHED_AFTER = 400; // ms: several changes are asked about together
const HIDDEN_PAUSE = 500; // ms between pictures that nobody sees

class Follower {
  private run: Run = UNKNOWN_RUN;
  private failure: Failure | undefined;
  private waiting: RunUpdate[] = [];
  private frame: (() => void) | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isStopped = false;
  private unsubscribe: () => void;

  constructor(
    private readonly client: Client,
    private readonly id: string,
    private readonly tell: (run: Run, failure: Failure | undefined) => void,
  ) {
    this.unsubscribe = this.follow();
  }

  stop(): void {
    this.isStopped = true;
    this.unsubscribe();
    this.frame?.();
    clearTimeout(this.timer);
  }

  private follow(): () => void {
    const variables = (): { id: string; after: number | null } => {
      this.take();
      return { id: this.id, after: this.run.sequence < 0 ? null : this.run.sequence };
    };
    return listen(PROGRESS, variables, {
      next: (data) => this.hear(updateFrom(data)),
      fail: (failure) => {
        if (failure.code === 'LIMIT_EXCEEDED') void this.loadPages();
        else this.fail(failure);
      },
    });
  }

  private hear(update: RunUpdate): void {
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

  /** A run that is too large for one message: page after page, each shown as it comes, and then what changes. */
  private async loadPages(): Promise<void> {
    this.unsubscribe();
    this.run = UNKNOWN_RUN;
    for (let after: string | null | undefined = null; after !== undefined;) {
      after = await this.loadPage(after);
      if (this.isStopped) return;
    }
    if (this.failure === undefined) this.unsubscribe = this.follow();
  }

  /** Where the next page begins; undefined after the last. */
  private async loadPage(after: string | null): Promise<string | undefined> {
    const answer = await askOnce(this.client, STEPS, { id: this.id, after });
    const execution = 'failure' in answer ? null : answer.data.execution;
    if (!execution) {
      this.fail('failure' in answer ? answer.failure : GONE);
      return undefined;
    }
    const { nodes, pageInfo } = execution.steps;
    this.run = withPage(this.run, executionFrom(execution), execution.sequence, nodes.map(stepFrom));
    this.show();
    return pageInfo.hasNextPage ? (pageInfo.endCursor ?? undefined) : undefined;
  }
}

const GONE: Failure = { kind: 'refused', code: 'NOT_FOUND', message: 'There is no such execution any more.' };

/** When the newest of what an update tells has happened; null where it tells of no step. */
function newestMoment({ steps }: RunUpdate): number | null {
  let newest = -Infinity;
  for (const { startedAt, finishedAt } of steps) newest = Math.max(newest, startedAt ?? newest, finishedAt ?? newest);
  return newest === -Infinity ? null : newest;
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
