// The timeline's axis: ticks since the start, marks of what is folded, and a brush that zooms.
import { useState, type PointerEvent } from 'react';
import { spell } from '../kit/times';
import type { Scale, Span } from './scale';
import style from './Timeline.module.css';

const HEIGHT = 27;
const LEAST = 4; // pixels: less is a click, and no stretch of time

export function Axis({
  scale,
  start,
  onZoom,
}: {
  readonly scale: Scale;
  readonly start: number;
  readonly onZoom: (span: Span) => void;
}) {
  const [brush, setBrush] = useState<{ readonly from: number; readonly to: number } | null>(null);
  const place = (moved: PointerEvent<SVGSVGElement>): number =>
    moved.clientX - moved.currentTarget.getBoundingClientRect().left;

  function end(): void {
    if (brush !== null && Math.abs(brush.to - brush.from) > LEAST) {
      const [from, to] = [scale.toTime(Math.min(brush.from, brush.to)), scale.toTime(Math.max(brush.from, brush.to))];
      if (to - from >= 1) onZoom({ from, to });
    }
    setBrush(null);
  }

  return (
    <svg
      className={style.ticks}
      width={scale.width}
      height={HEIGHT}
      aria-hidden="true"
      onPointerDown={(pressed) => {
        pressed.currentTarget.setPointerCapture(pressed.pointerId);
        setBrush({ from: place(pressed), to: place(pressed) });
      }}
      onPointerMove={(moved) =>
        brush !== null && setBrush({ ...brush, to: Math.min(Math.max(place(moved), 0), scale.width) })
      }
      onPointerUp={end}
      onPointerCancel={() => setBrush(null)}
    >
      <rect width={scale.width} height={HEIGHT} fill="transparent" />
      {scale.ticks(start, 88).map(({ x, since, label }) => (
        <g key={since} transform={`translate(${x} 0)`}>
          <path d={`M.5 ${HEIGHT - 5}v5`} stroke="var(--line-strong)" />
          <text x="3" y="17" fill="currentColor">
            {label}
          </text>
        </g>
      ))}
      {scale.folds.map(({ x, from, to }) => (
        <g key={from} transform={`translate(${x + 9} 13.5)`}>
          <title>{`Nothing ran for ${spell(to - from)}`}</title>
          <rect x="-8" y="-10" width="16" height="20" fill="var(--ground)" />
          <path d="m-4 5 3-10M1 5l3-10" stroke="currentColor" strokeWidth="1.2" />
        </g>
      ))}
      {brush !== null && (
        <rect
          className={style.brush}
          x={Math.min(brush.from, brush.to)}
          width={Math.abs(brush.to - brush.from)}
          height={HEIGHT}
        />
      )}
    </svg>
  );
}
