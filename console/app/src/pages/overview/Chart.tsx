// Executions that ended over time, completed and failed, as bars on each other.
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { OverviewQuery } from '../../graphql/graphql';
import { counted } from '../../kit/numbers';
import { useTheme } from '../../look/theme';
import style from './Overview.module.css';

type Timeline = OverviewQuery['metrics']['timeline'];

const HEIGHT = 200;

export function Chart({ timeline }: { readonly timeline: Timeline }) {
  const frame = useRef<HTMLDivElement>(null);
  const drawn = useRef<uPlot>(undefined);
  const theme = useTheme();
  const completed = timeline.reduce((sum, part) => sum + part.completed, 0);
  const failed = timeline.reduce((sum, part) => sum + part.failed, 0);

  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const plot = new uPlot(options(element), [[], [], []], element);
    drawn.current = plot;
    const resized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      plot.destroy();
      drawn.current = undefined;
    };
  }, [theme]);

  useEffect(() => {
    drawn.current?.setData(dataOf(timeline));
  }, [timeline, theme]);

  return (
    <figure>
      <figcaption className={style.key}>
        <span className={style.completed}>{counted(completed, 'completed', 'completed')}</span>
        <span className={style.failed}>{counted(failed, 'failed', 'failed')}</span>
      </figcaption>
      <div className={style.chart} ref={frame} aria-hidden="true" />
    </figure>
  );
}

/** Times in seconds; all that ended, and of them those that failed, which are drawn over it from the ground. */
function dataOf(timeline: Timeline): uPlot.AlignedData {
  return [
    timeline.map((part) => Date.parse(part.at) / 1_000),
    timeline.map((part) => part.completed + part.failed),
    timeline.map((part) => part.failed),
  ];
}

function options(element: HTMLElement): uPlot.Options {
  const ink = colour(element, '--ink-soft');
  const line = { stroke: colour(element, '--line'), width: 1 };
  const axis = { stroke: ink, font: `11px ${getComputedStyle(element).fontFamily}`, ticks: { show: false }, grid: line };
  const bars = uPlot.paths.bars?.({ size: [0.8, 24], align: 1 });
  const series = (name: string, label: string): uPlot.Series => ({
    label,
    fill: colour(element, name),
    width: 0,
    points: { show: false },
    ...(bars && { paths: bars }),
  });
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { range: (plot, first, last) => [first, last + widthOf(plot.data[0])] },
      y: { range: (_, __, most) => [0, Math.max(1, most * 1.05)] },
    },
    axes: [
      { ...axis, size: 26, grid: { show: false }, values: '{HH}:{mm}' },
      { ...axis, size: 44, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1e5, 1e6] },
    ],
    series: [{}, series('--completed-fill', 'completed'), series('--failed-fill', 'failed')],
  };
}

/** Seconds from one time to the next: a bar stands between both, also the last one. */
function widthOf(times: uPlot.AlignedData[0]): number {
  return (times[1] ?? 0) - (times[0] ?? 0);
}

/** The colour of a token as it is in this theme: a canvas knows no tokens. */
function colour(element: HTMLElement, token: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${token})`;
  element.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
