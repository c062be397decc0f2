// What is drawn where on the timeline, and that ten thousand steps take no time to lay out.
import { expect, test } from 'vitest';
import { criticalPath } from './criticalPath';
import { rowsOf } from './rows';
import { FOLD_WIDTH, idleGaps, scaleOf, tickLabel } from './scale';
import { segmentsOf } from './segments';
import { treeOf } from './tree';
import { aLongRun, anAttempt, aStep } from './samples';

test('attempts and the waits between them follow one another', () => {
  const attempts = [anAttempt(1, 0, 10, 'HTTP_STATUS'), anAttempt(2, 30, 40, 'HTTP_STATUS'), anAttempt(3, 80, 90)];
  const step = aStep('a', { attempts, finishedAt: 90 });
  expect(segmentsOf(step, 500).map(({ kind, from, to, attempt, status }) => [kind, from, to, attempt, status])).toEqual(
    [
      ['run', 0, 10, 1, 'FAILED'],
      ['wait', 10, 30, 1, 'WAITING'],
      ['run', 30, 40, 2, 'FAILED'],
      ['wait', 40, 80, 2, 'WAITING'],
      ['run', 80, 90, 3, 'COMPLETED'],
    ],
  );
});

test('a step that waits to be tried again waits up to the present', () => {
  const step = aStep('a', { status: 'WAITING', finishedAt: null, attempts: [anAttempt(1, 0, 10, 'HTTP_STATUS')] });
  expect(segmentsOf(step, 70)[1]).toMatchObject({ kind: 'wait', from: 10, to: 70, isOver: false });
});

test('a WAIT waits while it runs, a step that was not reached has no bar', () => {
  expect(segmentsOf(aStep('a', { type: 'WAIT', attempts: [anAttempt(1, 0, 10)] }), 50)).toMatchObject([
    { kind: 'wait' },
  ]);
  expect(segmentsOf(aStep('a', { status: 'PENDING', startedAt: null, finishedAt: null }), 50)).toEqual([]);
});

test('of a run that does little but wait the waits are not folded', () => {
  const wait = aStep('b', { type: 'WAIT', status: 'RUNNING', startedAt: 4, finishedAt: null, attempts: [] });
  const domain = { from: 0, to: 60_000 };
  expect(idleGaps([aStep('a', { finishedAt: 4 }), wait], domain, domain.to)).toEqual([]);
  expect(idleGaps([aStep('a', { finishedAt: 400 }), wait], domain, domain.to)).toEqual([{ from: 400, to: 60_000 }]);
});

test('a run of a failure, a day, and a success is two bars and a fold', () => {
  const day = 86_400_000;
  const steps = [aStep('a', { finishedAt: 1000 }), aStep('b', { startedAt: day, finishedAt: day + 1000 })];
  const domain = { from: 0, to: day + 1000 };
  const scale = scaleOf(domain, idleGaps(steps, domain, domain.to), 1018);
  expect(scale.folds).toEqual([{ from: 1000, to: day, x: 500 }]);
  expect([scale.toX(500), scale.toX(1000), scale.toX(day), scale.toX(day + 1000)]).toEqual([
    250,
    500,
    500 + FOLD_WIDTH,
    1018,
  ]);
  expect(scale.toTime(250)).toBeCloseTo(500);
  expect(scale.ticks(0, 80).every(({ time }) => time <= 1000 || time >= day)).toBe(true);
});

test.each([
  [0, 500, '0'],
  [5, 5, '5 ms'],
  [1_005, 5, '1.005 s'],
  [500, 500, '0.5 s'],
  [14_200, 200, '14.2 s'],
  [5_000, 1_000, '5 s'],
  [100_000, 1_000, '1 min 40 s'],
  [100_250, 50, '1 min 40.25 s'],
  [3_660_000, 1_000, '1 h 1 min'],
  [7_200_000, 3_600_000, '2 h'],
])('%d ms on an axis with ticks %d ms apart is %s', (since, step, label) => {
  expect(tickLabel(since, step)).toBe(label);
});

test('places and times are each other turned round, whatever is folded', () => {
  const gaps = [
    { from: 10, to: 500 },
    { from: 700, to: 5000 },
  ];
  const scale = scaleOf({ from: 0, to: 6000 }, gaps, 900);
  for (let time = 0; time <= 6000; time += 50) expect(scale.toTime(scale.toX(time))).toBeCloseTo(time, 3);
});

test('the critical path goes back from the end over what let each step go on', () => {
  const steps = [
    aStep('quick', { finishedAt: 5 }),
    aStep('slow', { finishedAt: 50 }),
    aStep('loop', { type: 'FOR_EACH', startedAt: 50, finishedAt: 200 }),
    aStep('loop[0].x', { startedAt: 50, finishedAt: 60 }),
    aStep('loop[1].x', { startedAt: 50, finishedAt: 100 }),
    aStep('loop[2].x', { startedAt: 100, finishedAt: 200 }),
    aStep('last', { startedAt: 200, finishedAt: 210 }),
  ];
  const path = criticalPath(treeOf(steps), 300);
  expect([...path].filter((each) => !each.endsWith(']')).sort()).toEqual([
    'last',
    'loop',
    'loop[1].x',
    'loop[2].x',
    'slow',
  ]);
});

test('ten thousand steps are laid out within fifty milliseconds', () => {
  const steps = aLongRun(5000);
  const domain = { from: 0, to: 30_000 };
  let least = Infinity;
  for (let round = 0; round < 25 && least >= 50; round += 1) {
    const began = process.cpuUsage();
    const rows = rowsOf(treeOf(steps), new Set(['items']));
    const scale = scaleOf(domain, idleGaps(steps, domain, domain.to), 1000);
    for (const row of rows.slice(0, 60)) {
      if (row.kind === 'step') segmentsOf(row.step, domain.to).map(({ from }) => scale.toX(from));
    }
    least = Math.min(least, process.cpuUsage(began).user / 1000); // of this process: others may keep the machine busy
  }
  expect(least).toBeLessThan(50);
});
