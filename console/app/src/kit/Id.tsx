// An id in short, and copied whole.
import { CopyButton } from './CopyButton';
import { shortId } from './ids';
import style from './Id.module.css';

export function Id({ id, copy = true }: { readonly id: string; readonly copy?: boolean }) {
  return (
    <span className={style.id}>
      <code title={id}>{shortId(id)}</code>
      {copy && <CopyButton text={id} what="the id" />}
    </span>
  );
}
