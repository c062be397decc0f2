// Which of the three views is shown, and what is marked in it.
import { useRef, type KeyboardEvent } from 'react';
import style from './RunView.module.css';

export const VIEWS = ['timeline', 'graph', 'table'] as const;
export type View = (typeof VIEWS)[number];

export function readView(value: unknown): View {
  return VIEWS.find((view) => view === value) ?? 'timeline';
}

export interface ViewBarProps {
  readonly view: View;
  readonly onView: (view: View) => void;
  readonly foldsGaps: boolean;
  readonly onFoldsGaps: (folds: boolean) => void;
  readonly marksPath: boolean;
  readonly onMarksPath: (marks: boolean) => void;
  readonly onlyFailed: boolean;
  readonly onOnlyFailed: (only: boolean) => void;
}

export function ViewBar(props: ViewBarProps) {
  const { view, onView } = props;
  return (
    <div className={style.bar}>
      <Tabs view={view} onView={onView} />
      <div className={style.options}>
        {view === 'timeline' && <Option name="Fold gaps" isOn={props.foldsGaps} onChange={props.onFoldsGaps} />}
        {view === 'timeline' && <Option name="Critical path" isOn={props.marksPath} onChange={props.onMarksPath} />}
        {view !== 'graph' && <Option name="Failed only" isOn={props.onlyFailed} onChange={props.onOnlyFailed} />}
      </div>
    </div>
  );
}

function Tabs({ view, onView }: { readonly view: View; readonly onView: (view: View) => void }) {
  const list = useRef<HTMLDivElement>(null);
  function press({ key }: KeyboardEvent): void {
    const step = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
    const next = VIEWS[(VIEWS.indexOf(view) + step + VIEWS.length) % VIEWS.length];
    if (step === 0 || next === undefined) return;
    onView(next);
    list.current?.querySelector<HTMLElement>(`[data-view=${next}]`)?.focus();
  }
  return (
    <div ref={list} role="tablist" aria-label="View" className={style.tabs} onKeyDown={press}>
      {VIEWS.map((each) => (
        <button
          key={each}
          type="button"
          role="tab"
          data-view={each}
          className={style.tab}
          aria-selected={each === view}
          tabIndex={each === view ? 0 : -1}
          onClick={() => onView(each)}
        >
          {each[0]?.toUpperCase()}
          {each.slice(1)}
        </button>
      ))}
    </div>
  );
}

function Option({
  name,
  isOn,
  onChange,
}: {
  readonly name: string;
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
}) {
  return (
    <label className={style.option}>
      <input type="checkbox" checked={isOn} onChange={(change) => onChange(change.target.checked)} />
      {name}
    </label>
  );
}
