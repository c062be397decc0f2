// The steps of two runs, a row each, of which only what is in sight is in the page.
import { useVirtualizer } from '@tanstack/react-virtual';
import { useId, useRef, type KeyboardEvent } from 'react';
import { Status } from '../../kit/Status';
import { spell } from '../../kit/times';
import { tookOf, type ComparedStep } from '../../run/compareRuns';
import type { RunStep } from '../../run/model';
import style from './Compare.module.css';

const ROW = 28;

export interface ComparedStepsProps {
  readonly steps: readonly ComparedStep[];
  readonly selected: string | null;
  readonly onSelect: (path: string) => void;
}

export function ComparedSteps({ steps, selected, onSelect }: ComparedStepsProps) {
  const frame = useRef<HTMLDivElement>(null);
  const id = useId();
  // eslint-disable-next-line react-hooks/incompatible-library -- what the list returns is used here alone
  const list = useVirtualizer({
    count: steps.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW,
    overscan: 12,
    scrollPaddingStart: ROW,
  });
  const at = steps.findIndex(({ path }) => path === selected);
  if (steps.length === 0) return null;

  function press(pressed: KeyboardEvent): void {
    const moves: Record<string, number> = {
      ArrowDown: at + 1,
      j: at + 1,
      ArrowUp: at - 1,
      k: at - 1,
      Home: 0,
      End: steps.length - 1,
    };
    const to = moves[pressed.key];
    if (to === undefined || pressed.ctrlKey || pressed.metaKey || pressed.altKey) return;
    pressed.preventDefault();
    const index = Math.min(Math.max(to, 0), steps.length - 1);
    const step = steps[index];
    if (step !== undefined) onSelect(step.path);
    list.scrollToIndex(index, { align: 'auto' });
  }

  return (
    <div
      ref={frame}
      className={style.frame}
      role="grid"
      aria-label="Steps of both runs"
      aria-rowcount={steps.length + 1}
      aria-activedescendant={at >= 0 ? `${id}-${at}` : undefined}
      tabIndex={0}
      style={{ height: `min(52dvh, ${(steps.length + 1) * ROW + 2}px)` }}
      onKeyDown={press}
    >
      <div role="row" aria-rowindex={1} className={style.head}>
        <span role="columnheader">Step</span>
        <span role="columnheader">A</span>
        <span role="columnheader">B</span>
        <span role="columnheader">B took</span>
      </div>
      <div role="presentation" className={style.rows} style={{ height: list.getTotalSize() }}>
        {list.getVirtualItems().map(({ index, start }) => {
          const step = steps[index];
          if (step === undefined) return null;
          return (
            <div
              key={step.path}
              id={`${id}-${index}`}
              role="row"
              aria-rowindex={index + 2}
              aria-selected={index === at}
              className={style.row}
              style={{ transform: `translateY(${start}px)` }}
              onClick={() => onSelect(step.path)}
            >
              <span role="gridcell" className={style.path} title={step.path}>
                {step.path}
              </span>
              <Side step={step.before} />
              <Side step={step.after} />
              <span role="gridcell" className={style.soft}>
                {differenceOf(step)}
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Side({ step }: { readonly step: RunStep | null }) {
  const took = tookOf(step);
  return (
    <span role="gridcell" className={style.side}>
      {step === null ? (
        <span className={style.soft}>not there</span>
      ) : (
        <>
          <span className={style.word}>
            <Status status={step.status} />
          </span>
          <span className={style.mark}>
            <Status status={step.status} quiet />
          </span>
        </>
      )}
      {took !== null && <span>{spell(took)}</span>}
      {step !== null && step.attempts.length > 1 && <span className={style.soft}>{step.attempts.length} attempts</span>}
    </span>
  );
}

/** How much longer or shorter it took in the second run. */
function differenceOf({ before, after }: ComparedStep): string {
  const [one, other] = [tookOf(before), tookOf(after)];
  if (one === null || other === null || Math.abs(other - one) < 1) return '';
  return `${spell(Math.abs(other - one))} ${other > one ? 'longer' : 'less'}`;
}
