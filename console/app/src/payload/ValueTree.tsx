// The rows of a value that are in sight, reached by pointer and by keys.
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useId, useMemo, useRef, type KeyboardEvent } from 'react';
import { Text } from './Text';
import { idOf, valueRows, type ValueRow } from './tree';
import { previewOf, toJson, type ValuePath } from './values';
import style from './Payload.module.css';

const ROW = 22;
const ROWS_IN_SIGHT = 18;
const LONGEST = 2_000; // characters of a text in its row; the raw view has all of it

export interface ValueTreeProps {
  readonly label: string;
  readonly value: unknown;
  readonly open: ReadonlySet<string>;
  /** The row that the keys are at. */
  readonly path: ValuePath;
  /** What is searched for, in lower case. */
  readonly words: string;
  readonly onPath: (path: ValuePath) => void;
  readonly onToggle: (path: ValuePath) => void;
}

export function ValueTree({ label, value, open, path, words, onPath, onToggle }: ValueTreeProps) {
  const frame = useRef<HTMLDivElement>(null);
  const id = useId();
  const rows = useMemo(() => valueRows(value, open), [value, open]);
  // eslint-disable-next-line react-hooks/incompatible-library -- what the list returns is used here alone
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW,
    overscan: 10,
  });
  const current = idOf(path);
  const at = Math.max(
    0,
    rows.findIndex((row) => row.id === current),
  );
  useEffect(() => {
    if (path.length > 0) list.scrollToIndex(at, { align: 'auto' });
    // eslint-disable-next-line react-hooks/exhaustive-deps -- it moves with the row that the keys are at, and else not
  }, [current]);

  function press(pressed: KeyboardEvent): void {
    const row = rows[at];
    if (row === undefined || pressed.altKey || pressed.ctrlKey || pressed.metaKey) return;
    const move = (to: number): void => onPath(rows[Math.min(Math.max(to, 0), rows.length - 1)]?.path ?? []);
    const moves: Record<string, () => void> = {
      ArrowDown: () => move(at + 1),
      ArrowUp: () => move(at - 1),
      Home: () => move(0),
      End: () => move(rows.length - 1),
      ArrowRight: () => (row.size > 0 && !row.isOpen ? onToggle(row.path) : move(at + 1)),
      ArrowLeft: () => (row.isOpen ? onToggle(row.path) : row.depth > 0 && onPath(row.path.slice(0, -1))),
      Enter: () => row.size > 0 && onToggle(row.path),
    };
    const found = moves[pressed.key];
    if (found === undefined) return;
    found();
    pressed.preventDefault();
    pressed.stopPropagation();
  }

  return (
    <div
      ref={frame}
      className={style.tree}
      role="tree"
      aria-label={label}
      aria-activedescendant={`${id}-${at}`}
      tabIndex={0}
      style={{ height: Math.min(rows.length, ROWS_IN_SIGHT) * ROW + 2 }}
      onKeyDown={press}
    >
      <div role="presentation" className={style.rows} style={{ height: list.getTotalSize() }}>
        {list.getVirtualItems().map(({ index, start, key }) => {
          const row = rows[index];
          if (row === undefined) return null;
          return (
            <div
              key={key}
              id={`${id}-${index}`}
              role="treeitem"
              className={style.row}
              aria-level={row.depth + 1}
              aria-expanded={row.size > 0 ? row.isOpen : undefined}
              aria-selected={index === at}
              style={{ transform: `translateY(${start}px)`, paddingInlineStart: row.depth * 14 }}
              onClick={() => {
                onPath(row.path);
                if (row.size > 0) onToggle(row.path);
              }}
            >
              <Row row={row} words={words} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Row({ row, words }: { readonly row: ValueRow; readonly words: string }) {
  return (
    <>
      <span className={style.arrow} aria-hidden="true">
        {row.size > 0 && (row.isOpen ? '▾' : '▸')}
      </span>
      {row.key !== null && (
        <span className={style.key} data-found={isFound(String(row.key), words) || undefined}>
          <Text text={String(row.key)} />
        </span>
      )}
      <Value row={row} words={words} />
    </>
  );
}

function Value({ row, words }: { readonly row: ValueRow; readonly words: string }) {
  const { value, kind, isOpen } = row;
  if (kind === 'object' || kind === 'array') {
    return (
      <span className={style.soft}>
        {isOpen ? kind === 'array' ? `[${row.size}]` : '' : <bdi>{previewOf(value)}</bdi>}
      </span>
    );
  }
  const text = typeof value === 'string' ? value : toJson(value, 0);
  return (
    <span className={style.value} data-kind={kind} data-found={isFound(text, words) || undefined}>
      {kind === 'text' ? (
        <>
          “<Text text={text.slice(0, LONGEST)} />
          {text.length > LONGEST ? '…' : '”'}
        </>
      ) : (
        text
      )}
    </span>
  );
}

function isFound(text: string, words: string): boolean {
  return words !== '' && text.toLowerCase().includes(words);
}
