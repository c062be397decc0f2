// The rows that timeline and table share: a tree of steps, of which only what is in sight is in the page.
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useId, useMemo, useRef, type KeyboardEvent, type ReactNode } from 'react';
import { selectionOf } from './selecting';
import type { Row } from './rows';
import type { Selection } from './paths';
import { StepName } from './StepName';
import style from './Rows.module.css';

export const ROW_HEIGHT = 28;
const OVERSCAN = 6;

export interface RowsProps {
  readonly label: string;
  readonly rows: readonly Row[];
  readonly selection: Selection | null;
  readonly onSelect: (selection: Selection) => void;
  readonly onToggle: (key: string) => void;
  /** What stands above the rows, beside the heading of the names. */
  readonly head: ReactNode;
  readonly cells: (row: Row) => ReactNode;
  /** What is drawn under all rows, such as a line at the present. */
  readonly under?: ReactNode;
  readonly onKey?: (press: KeyboardEvent) => boolean;
}

export function Rows({ label, rows, selection, onSelect, onToggle, head, cells, under, onKey }: RowsProps) {
  const frame = useRef<HTMLDivElement>(null);
  const id = useId();
  // eslint-disable-next-line react-hooks/incompatible-library -- what the list returns is used here alone
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: OVERSCAN,
    scrollPaddingStart: ROW_HEIGHT,
  });
  const items = list.getVirtualItems();
  const places = placesFor(items.length);
  const selected = useMemo(() => rows.findIndex((row) => isSelected(row, selection, rows)), [rows, selection]);
  const step = selection?.step;
  useEffect(() => {
    if (selected >= 0) list.scrollToIndex(selected, { align: 'auto' });
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only another selection moves the rows, not another state of them
  }, [step, selection?.attempt]);

  function move(to: number): void {
    const row = rows[Math.min(Math.max(to, 0), rows.length - 1)];
    if (row !== undefined) onSelect(selectionOf(row));
  }

  function press(pressed: KeyboardEvent): void {
    if (pressed.altKey || pressed.ctrlKey || pressed.metaKey) return;
    const row = rows[selected];
    const page = Math.max(1, Math.floor((frame.current?.clientHeight ?? 0) / ROW_HEIGHT) - 2);
    const moves: Record<string, () => void> = {
      ArrowDown: () => move(selected + 1),
      j: () => move(selected + 1),
      ArrowUp: () => move(selected < 0 ? rows.length : selected - 1),
      k: () => move(selected < 0 ? rows.length : selected - 1),
      PageDown: () => move(selected + page),
      PageUp: () => move(selected - page),
      Home: () => move(0),
      End: () => move(rows.length - 1),
      ArrowRight: () => (row?.canOpen && !row.isOpen ? onToggle(row.key) : move(selected + 1)),
      ArrowLeft: () => (row?.isOpen ? onToggle(row.key) : move(parentOf(rows, selected))),
      Enter: () => row?.canOpen && onToggle(row.key),
    };
    const found = moves[pressed.key];
    if (found !== undefined) found();
    else if (!onKey?.(pressed)) return;
    pressed.preventDefault();
  }

  return (
    <div
      ref={frame}
      className={style.frame}
      role="treegrid"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      aria-activedescendant={selected >= 0 ? `${id}-${selected}` : undefined}
      tabIndex={0}
      style={{ height: `min(var(--most, 100%), ${(rows.length + 1) * ROW_HEIGHT + 2}px)` }}
      onKeyDown={press}
    >
      <div className={style.head} role="row" aria-rowindex={1}>
        <span role="columnheader" className={style.nameHead}>
          Step
        </span>
        {head}
      </div>
      <div role="presentation" className={style.rows} style={{ height: list.getTotalSize() }}>
        {under}
        {items.map(({ index, start }) => {
          const row = rows[index];
          if (row === undefined) return null;
          return (
            <div
              key={index % places}
              id={`${id}-${index}`}
              role="row"
              className={style.row}
              aria-rowindex={index + 2}
              aria-level={row.depth + 1}
              aria-expanded={row.canOpen ? row.isOpen : undefined}
              aria-selected={index === selected}
              style={{ transform: `translateY(${start}px)` }}
              onClick={() => onSelect(selectionOf(row))}
              onDoubleClick={() => row.canOpen && onToggle(row.key)}
            >
              <span role="gridcell" className={style.nameCell}>
                <StepName row={row} onToggle={onToggle} />
              </span>
              {cells(row)}
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** The number of elements that rows take turns in: one that goes out of sight is where the next comes into it. */
function placesFor(inSight: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(inSight, 32)));
}

function isSelected(row: Row, selection: Selection | null, rows: readonly Row[]): boolean {
  if (selection === null) return false;
  const { step, attempt } = selectionOf(row);
  if (row.kind === 'block') return row.key === selection.step;
  if (step !== selection.step) return false;
  if (row.kind === 'attempt') return attempt === selection.attempt;
  return selection.attempt === null || !row.isOpen || !rows.some(({ key }) => key === `${step}#${selection.attempt}`);
}

function parentOf(rows: readonly Row[], index: number): number {
  const depth = rows[index]?.depth ?? 0;
  for (let above = index - 1; above >= 0; above -= 1) if ((rows[above]?.depth ?? 0) < depth) return above;
  return index;
}
