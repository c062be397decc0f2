// A chart on a canvas: as wide as its frame, in the colours of the theme, with its data replaced in place.
import { useEffect, useRef, type RefObject } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useTheme } from '../../look/theme';

const HEIGHT = 200;

/** How a chart looks: what all of them share is added to it. */
export type Look = Pick<uPlot.Options, 'scales' | 'series'> & { readonly y: uPlot.Axis };

/** A frame that `data` is drawn into as `lookOf` says, which is asked again when the theme changes. */
export function usePlot(lookOf: (element: HTMLElement) => Look, data: uPlot.AlignedData): RefObject<HTMLDivElement | null> {
  const frame = useRef<HTMLDivElement>(null);
  const drawn = useRef<uPlot>(undefined);
  const theme = useTheme();

  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const { y, series, scales } = lookOf(element);
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        axes: [
          { ...axisOf(element), size: 26, grid: { show: false }, values: '{HH}:{mm}' },
          { ...axisOf(element), ...y },
        ],
        series,
        ...(scales && { scales }),
      },
      [[], ...series.slice(1).map(() => [])],
      element,
    );
    drawn.current = plot;
    const resized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      plot.destroy();
      drawn.current = undefined;
    };
  }, [theme, lookOf]);

  useEffect(() => {
    drawn.current?.setData(data);
  }, [data, theme]);

  return frame;
}

/** Seconds from one time to the next. */
export function widthOf(times: uPlot.AlignedData[0]): number {
  return (times[1] ?? 0) - (times[0] ?? 0);
}

/** The colour of a token as it is in this theme: a canvas knows no tokens. */
export function colour(element: HTMLElement, token: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${token})`;
  element.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function axisOf(element: HTMLElement): uPlot.Axis {
  return {
    stroke: colour(element, '--ink-soft'),
    font: `11px ${getComputedStyle(element).fontFamily}`,
    ticks: { show: false },
    grid: { stroke: colour(element, '--line'), width: 1 },
  };
}
