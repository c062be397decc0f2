// The executions that would be concerned: how many, and the newest ten.
import { Link } from '@tanstack/react-router';
import { shortId } from '../../../kit/ids';
import { FailureLine } from '../../../kit/Notes';
import { counted } from '../../../kit/numbers';
import { Status } from '../../../kit/Status';
import { At } from '../../../kit/Times';
import type { FoundPreview } from './usePreview';
import style from './Bulk.module.css';

/** `found`: undefined while it is asked for, null where nothing can be asked for yet. */
export function Preview({ found }: { readonly found: FoundPreview | undefined | null }) {
  const { matched, sample = [], failure } = found ?? {};
  return (
    <section className={style.preview} aria-label="What it concerns">
      <p role="status">
        {found === undefined && 'Counting …'}
        {matched === 0 && 'No execution of these is in a state in which it can be done.'}
        {matched !== undefined && matched > 0 && `It concerns ${counted(matched, 'execution')}.`}
        {matched !== undefined && matched > sample.length && ` The newest ${String(sample.length)}:`}
      </p>
      {failure !== undefined && <FailureLine failure={failure} />}
      {sample.length > 0 && (
        <ul className={style.sample} aria-label="Newest of them">
          {sample.map((each) => (
            <li key={each.id}>
              <Status status={each.status} />
              <bdi>{each.workflow?.name ?? 'orchestration'}</bdi>
              <At at={each.createdAt} />
              <Link to="/executions/$id" params={{ id: each.id }} target="_blank">
                {shortId(each.id)}
              </Link>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
