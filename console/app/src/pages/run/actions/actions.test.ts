// What is offered of a run, and how a retry of it is asked for.
import { expect, it } from 'vitest';
import type { RunStep } from '../../../run/model';
import { awaitedSignals, offersFor } from './offers';
import { retryInput } from './retry';

const all = (): boolean => true;

it('offers what the state of a run allows', () => {
  expect(offersFor('RUNNING', all)).toEqual(['pause', 'signal', 'cancel']);
  expect(offersFor('PAUSED', all)).toEqual(['resume', 'signal', 'cancel']);
  expect(offersFor('FAILED', all)).toEqual(['retry', 'delete']);
});

it('offers nothing that a role may not do', () => {
  expect(offersFor('RUNNING', (field) => field === 'Mutation.signalExecution')).toEqual(['signal']);
  expect(offersFor('FAILED', (field) => field !== 'Mutation.deleteExecution')).toEqual(['retry']);
  expect(offersFor('FAILED', () => false)).toEqual([]);
});

it('names each signal that is waited for once', () => {
  const waits = ['b', 'a', 'b'].map((detail) => ({ waitingFor: { kind: 'SIGNAL', until: null, detail } }) as RunStep);
  expect(awaitedSignals([...waits, { waitingFor: null } as RunStep])).toEqual(['a', 'b']);
});

it('leaves out of a retry what is not asked for', () => {
  expect(retryInput({ fromStep: ' ', isNewest: false, input: null })).toEqual({ input: {} });
  expect(retryInput({ fromStep: 'a', isNewest: true, input: '{"n": null}' })).toEqual({
    input: { fromStep: 'a', latestVersion: true, input: { n: null } },
  });
  expect(retryInput({ fromStep: '', isNewest: false, input: '{' })).toHaveProperty('problem');
});
