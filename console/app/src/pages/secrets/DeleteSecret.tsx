// The question before a secret is deleted: which workflows read it, and in which steps.
import { Link } from '@tanstack/react-router';
import { useAct } from '../../api/useAct';
import { useAsk } from '../../api/useAsk';
import { graphql } from '../../graphql';
import type { SecretReadersQuery } from '../../graphql/graphql';
import { Confirm } from '../../kit/Confirm';
import { FailureLine, Loading } from '../../kit/Notes';
import style from './Secrets.module.css';

const READERS = graphql(`
  query SecretReaders($name: String!) {
    secret(name: $name) {
      id
      readers(first: 50) {
        nodes {
          version
          paths
          workflow {
            id
            name
          }
        }
        pageInfo {
          hasNextPage
        }
      }
    }
  }
`);

const DELETE = graphql(`
  mutation DeleteSecret($name: String!) {
    deleteSecret(name: $name) {
      __typename
      ...Refusal
    }
  }
`);

const STEPS = 5;

interface DeleteSecretProps {
  readonly name: string;
  readonly onDeleted: () => void;
  readonly onClose: () => void;
}

export function DeleteSecret({ name, onDeleted, onClose }: DeleteSecretProps) {
  const { run, isRunning, failure } = useAct(DELETE, (data) => data.deleteSecret);
  const { data, failure: unknown } = useAsk(READERS, { name });
  const readers = data?.secret?.readers;
  async function remove(): Promise<void> {
    const outcome = await run({ name });
    if ('failure' in outcome) return;
    onDeleted();
    onClose();
  }
  return (
    <Confirm
      title={`Delete the secret ${name}?`}
      action="Delete it"
      isRunning={isRunning}
      failure={failure}
      onConfirm={() => void remove()}
      onClose={onClose}
    >
      {unknown !== undefined && <FailureLine failure={unknown} />}
      {data === undefined && unknown === undefined && <Loading rows={1} />}
      {readers && readers.nodes.length > 0 && <Readers readers={readers} />}
      <p>
        Its value is gone then. While the newest version of a workflow reads it, it stays. Executions of older versions that need it fail
        with <code>SECRET_UNAVAILABLE</code>.
      </p>
    </Confirm>
  );
}

function Readers({ readers }: { readonly readers: NonNullable<SecretReadersQuery['secret']>['readers'] }) {
  return (
    <>
      <p>It is read by</p>
      <ul className={style.list} aria-label="It is read by">
        {readers.nodes.map(({ workflow, version, paths }) => (
          <li key={workflow.id}>
            <Link to="/workflows/$name" params={{ name: workflow.name }}>
              <bdi>{workflow.name}</bdi>
            </Link>{' '}
            version {version}: {paths.slice(0, STEPS).join(', ')}
            {paths.length > STEPS && ' and others'}
          </li>
        ))}
        {readers.pageInfo.hasNextPage && <li>and others</li>}
      </ul>
      <p>Take it out of them first.</p>
    </>
  );
}
