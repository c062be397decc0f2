// A value to look into: as a tree of which only what is in sight is in the page, or as its JSON text.
import { useMemo, useState } from 'react';
import { Button } from '../kit/Button';
import { CopyButton } from '../kit/CopyButton';
import { bytes } from '../kit/numbers';
import { expressionOf } from './expression';
import { find } from './search';
import { idOf, openAround, openAtFirst } from './tree';
import { ValueTree } from './ValueTree';
import { kindOf, toJson, valueAt, type ValuePath } from './values';
import style from './Payload.module.css';

export interface PayloadProps {
  /** What it is, for those who hear the page: "Output of fetch". */
  readonly label: string;
  readonly value: unknown;
  /** The expression that gives the value in a workflow; null where none does. */
  readonly expression: string | null;
}

const WORTH_SEARCHING = 500; // characters: less is seen at once
const LONGEST_RAW = 100_000; // characters that are shown at once; all of them are copied

export function Payload({ label, value, expression }: PayloadProps) {
  const [words, setWords] = useState('');
  const [isRaw, setRaw] = useState(false);
  const [open, setOpen] = useState<ReadonlySet<string>>(() => openAtFirst(value));
  const [path, setPath] = useState<ValuePath>([]);
  const [place, setPlace] = useState(0);
  const found = useMemo(() => find(value, words), [value, words]);
  const text = useMemo(() => toJson(value), [value]);
  const isNested = kindOf(value) === 'object' || kindOf(value) === 'array';

  function go(to: number): void {
    const next = found.paths[to];
    if (next === undefined) return;
    setPlace(to);
    setPath(next);
    setOpen(new Set([...open, ...openAround(next)]));
  }

  function search(typed: string): void {
    setWords(typed);
    setPlace(0);
    const [first] = find(value, typed).paths;
    if (first === undefined) return;
    setPath(first);
    setOpen(new Set([...open, ...openAround(first)]));
  }

  return (
    <div className={style.payload} role="group" aria-label={label}>
      <div className={style.tools}>
        {isNested && text.length > WORTH_SEARCHING && !isRaw && (
          <input
            type="search"
            className={style.search}
            placeholder="Search"
            aria-label={`Search in ${label}`}
            value={words}
            onChange={(change) => search(change.target.value)}
            onKeyDown={({ key, shiftKey }) => {
              const count = found.paths.length;
              if (key === 'Enter' && count > 0) go((place + (shiftKey ? count - 1 : 1)) % count);
            }}
          />
        )}
        {words !== '' && (
          <span className={style.soft} role="status">
            {found.paths.length === 0
              ? 'nothing'
              : `${place + 1} of ${found.paths.length}${found.hasMore ? ' and more' : ''}`}
          </span>
        )}
        <span className={style.size}>{bytes(text.length)}</span>
        <Button kind="quiet" className={style.tool} aria-pressed={isRaw} onClick={() => setRaw(!isRaw)}>
          Raw
        </Button>
        <CopyButton text={path.length === 0 ? text : toJson(valueAt(value, path))} what="JSON" />
      </div>
      {isRaw || !isNested ? (
        <Raw text={isRaw ? text : scalar(value, text)} />
      ) : (
        <ValueTree
          label={label}
          value={value}
          open={open}
          path={path}
          words={words.trim().toLowerCase()}
          onPath={setPath}
          onToggle={(toggled) => setOpen(toggledIn(open, idOf(toggled)))}
        />
      )}
      {isNested && !isRaw && expression !== null && path.length > 0 && (
        <div className={style.expression}>
          <code>
            <bdi>{expressionOf(expression, path)}</bdi>
          </code>
          <CopyButton text={expressionOf(expression, path)} what="as expression" />
        </div>
      )}
    </div>
  );
}

function Raw({ text }: { readonly text: string }) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? text : text.slice(0, LONGEST_RAW);
  return (
    <>
      <pre className={style.raw} tabIndex={0}>
        <bdi>{shown}</bdi>
      </pre>
      {shown.length < text.length && (
        <Button kind="quiet" onClick={() => setWhole(true)}>
          Show all {bytes(text.length)}
        </Button>
      )}
    </>
  );
}

function scalar(value: unknown, text: string): string {
  return typeof value === 'string' ? value : text;
}

function toggledIn(open: ReadonlySet<string>, id: string): Set<string> {
  const next = new Set(open);
  if (!next.delete(id)) next.add(id);
  return next;
}
