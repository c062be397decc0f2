// A new key: its name, role and end, and then its token, which is shown this once.
import { useState } from 'react';
import { problemAt } from '../../api/failure';
import { useAct } from '../../api/useAct';
import { graphql } from '../../graphql';
import type { Role } from '../../graphql/graphql';
import { SelectField, TextField } from '../../kit/Field';
import { Form } from '../../kit/Form';
import { Sheet } from '../../kit/Sheet';
import { ShownOnce } from '../../kit/ShownOnce';
import { rightsOfRole, ROLES } from './roles';

const CREATE = graphql(`
  mutation CreateKey($name: String!, $role: Role!, $expiresAt: DateTime) {
    createApiKey(name: $name, role: $role, expiresAt: $expiresAt) {
      __typename
      ... on ApiKeyCreated {
        token
        apiKey {
          id
          name
        }
      }
      ...Refusal
    }
  }
`);

const FIELDS = ['name', 'expiresAt'] as const;

export function NewKey({ onMade, onClose }: { readonly onMade: () => void; readonly onClose: () => void }) {
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('VIEWER');
  const [expires, setExpires] = useState('');
  const [token, setToken] = useState<string>();
  const { run, isRunning, failure } = useAct(CREATE, (data) => data.createApiKey);
  async function create(): Promise<void> {
    const outcome = await run({ name, role, expiresAt: expires === '' ? null : new Date(expires).toISOString() });
    if ('failure' in outcome || outcome.data.createApiKey.__typename !== 'ApiKeyCreated') return;
    setToken(outcome.data.createApiKey.token);
    onMade();
  }
  if (token !== undefined)
    return (
      <Sheet title={`The key ${name}`} onClose={onClose}>
        <ShownOnce what="token" value={token} onDone={onClose}>
          Programs send it with every request; commands take it from <code>STEPGRAPH_TOKEN</code>.
          <pre>Authorization: Bearer sg_…</pre>
        </ShownOnce>
      </Sheet>
    );
  return (
    <Sheet title="New key" onClose={onClose}>
      <Form submit="Make the key" onSubmit={() => void create()} onCancel={onClose} isRunning={isRunning} failure={failure} fields={FIELDS}>
        <TextField
          label="Name"
          hint="Who or what uses it, as the audit shows it."
          value={name}
          onChange={setName}
          problem={problemAt(failure, 'name')}
          autoComplete="off"
          autoFocus
        />
        <SelectField label="Role" hint={rightsOfRole(role)} value={role} onChange={setRole} choices={ROLES} />
        <TextField
          label="Expires"
          hint="In your local time; left out, it never does."
          type="datetime-local"
          value={expires}
          onChange={setExpires}
          problem={problemAt(failure, 'expiresAt')}
        />
      </Form>
    </Sheet>
  );
}
