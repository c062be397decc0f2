// The filter, as text that is typed and as chips that are taken away.
import { useState, type SubmitEvent } from 'react';
import { Button } from '../../kit/Button';
import { partsOf, readText, without, writeText, type Filter } from './filter';
import style from './Executions.module.css';

export function FilterField({ filter, onFilter }: { readonly filter: Filter; readonly onFilter: (filter: Filter) => void }) {
  const written = writeText(filter);
  const [text, setText] = useState(written);
  const [problems, setProblems] = useState<readonly string[]>([]);
  function submit(submission: SubmitEvent): void {
    submission.preventDefault();
    const read = readText(text);
    setProblems(read.problems);
    if (read.problems.length === 0) onFilter(read.filter);
  }
  return (
    <form className={style.filter} role="search" onSubmit={submit}>
      <div className={style.row}>
        <input
          className={style.input}
          type="search"
          aria-label="Filter"
          aria-describedby="filter-problems"
          aria-invalid={problems.length > 0}
          placeholder="workflow:order  status:FAILED  error:TIMEOUT  label:tenant=acme  since:24h"
          value={text}
          onChange={(change) => setText(change.target.value)}
          spellCheck={false}
          autoComplete="off"
          data-filter
        />
        <Button type="submit" disabled={text === written}>
          Filter
        </Button>
      </div>
      <div id="filter-problems" className={style.problem} role={problems.length > 0 ? 'alert' : undefined}>
        {problems.map((problem) => (
          <p key={problem}>{problem}</p>
        ))}
      </div>
      <ul className={style.chips} aria-label="Parts of the filter">
        {partsOf(filter).map(({ name, value }) => (
          <li key={`${name}:${value}`} className={style.chip}>
            {name}: <bdi>{value}</bdi>
            <button type="button" aria-label={`Remove ${name}: ${value}`} onClick={() => onFilter(without(filter, name, value))}>
              ×
            </button>
          </li>
        ))}
      </ul>
    </form>
  );
}
