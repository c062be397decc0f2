// What a form would ask for, to be copied: as GraphQL, as a command, and as curl.
import { ENDPOINT } from '../api/endpoint';
import { useSession } from '../api/session';
import { CopyButton } from '../kit/CopyButton';
import { asCommand, asCurl, asGraphql, type ApiCall } from './calls';
import style from './CopyAs.module.css';

export function CopyAs({ call }: { readonly call: ApiCall }) {
  const { key } = useSession();
  const address = new URL(ENDPOINT, window.location.href).href;
  return (
    <p className={style.copies}>
      Copy as
      <span>
        GraphQL <CopyButton text={asGraphql(call)} what="as GraphQL" />
      </span>
      <span>
        command <CopyButton text={asCommand(call)} what="as a command" />
      </span>
      <span>
        curl <CopyButton text={asCurl(call, address, key !== null)} what="as curl" />
      </span>
    </p>
  );
}
