// What is wrong with the document, a line each, with what to try; each leads to its place in the text.
import { FailureLine } from '../../kit/Notes';
import { counted } from '../../kit/numbers';
import type { Span } from './text';
import type { Checked } from './useProblems';
import style from './Editor.module.css';

const MOST = 50;

export function Problems({ checked, onShow }: { readonly checked: Checked; readonly onShow: (span: Span) => void }) {
  const { problems, isStale, failure } = checked;
  return (
    <div className={style.problems}>
      <p role="status" data-stale={isStale || undefined}>
        {failure !== undefined || isStale
          ? 'checking …'
          : problems.length === 0
            ? '✓ No problem'
            : `✕ ${counted(problems.length, 'problem')}`}
      </p>
      {failure !== undefined && <FailureLine failure={failure} />}
      <ul aria-label="Problems">
        {problems.slice(0, MOST).map((problem, index) => (
          <li key={index}>
            <button type="button" onClick={() => onShow(problem)}>
              {problem.place !== '' && (
                <code>
                  <bdi>{problem.place}</bdi>
                </code>
              )}{' '}
              <bdi>{problem.message}</bdi>
              {problem.hint !== null && (
                <span className={style.hint}>
                  {' '}
                  <bdi>{problem.hint}</bdi>
                </span>
              )}
            </button>
          </li>
        ))}
      </ul>
      {problems.length > MOST && <p>{problems.length - MOST} more</p>}
    </div>
  );
}
