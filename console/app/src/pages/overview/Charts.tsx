// The charts of the overview: what ended over time, as bars on each other, and how long it took, as lines.
import { useMemo } from 'react';
import uPlot from 'uplot';
import { milliseconds, spell } from '../../kit/times';
import { colour, usePlot, widthOf, type Look } from './plot';
import type { Part } from './queries';
import style from './Overview.module.css';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const LENGTHS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 4, 8, 12, 24, 48, 96, 240, 480, 960, 2_400].map((hours) => hours * HOUR),
];

export function EndedChart({ timeline }: { readonly timeline: readonly Part[] }) {
  // All that ended, and of them those that failed, which are drawn over it from the ground.
  const data = useMemo<uPlot.AlignedData>(
    () => [
      timeline.map((part) => Date.parse(part.at) / SECOND),
      timeline.map((part) => part.completed + part.failed),
      timeline.map((part) => part.failed),
    ],
    [timeline],
  );
  return <div className={style.chart} ref={usePlot(bars, data)} aria-hidden="true" />;
}

export function DurationChart({ timeline }: { readonly timeline: readonly Part[] }) {
  // Each point stands in the middle of its part.
  const data = useMemo<uPlot.AlignedData>(() => {
    const starts = timeline.map((part) => Date.parse(part.at) / SECOND);
    return [starts.map((at) => at + widthOf(starts) / 2), timeline.map((part) => lengthOf(part.p95)), timeline.map((part) => lengthOf(part.p50))];
  }, [timeline]);
  return <div className={style.chart} ref={usePlot(lines, data)} aria-hidden="true" />;
}

/** Milliseconds; null where nothing ended. */
function lengthOf(duration: string | null): number | null {
  return duration === null ? null : milliseconds(duration);
}

function bars(element: HTMLElement): Look {
  const paths = uPlot.paths.bars?.({ size: [0.8, 24], align: 1 });
  const series = (name: string, label: string): uPlot.Series => ({
    label,
    fill: colour(element, name),
    width: 0,
    points: { show: false },
    ...(paths && { paths }),
  });
  return {
    scales: {
      x: { range: (plot, first, last) => [first, last + widthOf(plot.data[0])] },
      y: { range: (_, __, most) => [0, Math.max(1, most * 1.05)] },
    },
    y: { size: 44, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1e5, 1e6] },
    series: [{}, series('--completed-fill', 'completed'), series('--failed-fill', 'failed')],
  };
}

/** The places of values without a neighbour, which no line would show. */
function lonely(plot: uPlot, series: number): number[] {
  const values = plot.data[series] ?? [];
  return [...values.keys()].filter((at) => values[at] != null && values[at - 1] == null && values[at + 1] == null);
}

function lines(element: HTMLElement): Look {
  const series = (name: string, label: string): uPlot.Series => {
    const stroke = colour(element, name);
    return { label, stroke, width: 1.5, points: { show: true, filter: lonely, size: 4, width: 0, fill: stroke } };
  };
  return {
    scales: {
      x: { range: (plot, first, last) => [first - widthOf(plot.data[0]) / 2, last + widthOf(plot.data[0]) / 2] },
      y: { range: (_, __, most) => [0, most > 0 ? most * 1.05 : SECOND] },
    },
    y: { size: 60, incrs: LENGTHS, values: (_, ticks) => ticks.map(spell) },
    series: [{}, series('--ink', 'p95'), { ...series('--ink-soft', 'p50'), dash: [4, 3] }],
  };
}
