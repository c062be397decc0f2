// A new secret for a webhook, made up or given, which is shown this once.
import { useState } from 'react';
import { problemAt } from '../../api/failure';
import { useAct } from '../../api/useAct';
import { TextField } from '../../kit/Field';
import { Form } from '../../kit/Form';
import { Sheet } from '../../kit/Sheet';
import { ShownOnce } from '../../kit/ShownOnce';
import { ROTATE, type WebhookDetails } from './queries';

export interface RotateSecretProps {
  readonly webhook: WebhookDetails;
  readonly onRotated: () => void;
  readonly onClose: () => void;
}

export function RotateSecret({ webhook, onRotated, onClose }: RotateSecretProps) {
  const [secret, setSecret] = useState('');
  const [made, setMade] = useState<string>();
  const { run, isRunning, failure } = useAct(ROTATE, (data) => data.rotateWebhookSecret);
  async function rotate(): Promise<void> {
    const outcome = await run({ id: webhook.id, secret: secret === '' ? null : secret });
    if ('failure' in outcome || outcome.data.rotateWebhookSecret.__typename !== 'WebhookCreated') return;
    setMade(outcome.data.rotateWebhookSecret.secret);
    onRotated();
  }
  const other = webhook.direction === 'INBOUND' ? 'the sender' : 'the receiver';
  return (
    <Sheet title={`A new secret for ${webhook.name}`} onClose={onClose}>
      {made === undefined ? (
        <Form submit="Rotate the secret" onSubmit={() => void rotate()} onCancel={onClose} isRunning={isRunning} failure={failure} fields={['secret']}>
          <p>The present secret stays good for 24 hours, so {other} can be given the new one meanwhile.</p>
          {webhook.previousSecretUntil !== null && <p>There was a rotation in the last 24 hours: the secret before that one ends at once.</p>}
          <TextField
            label="Secret"
            hint={`Left out, one is made up. Give the one of ${other} where there is one, as with Stripe.`}
            type="password"
            value={secret}
            onChange={setSecret}
            problem={problemAt(failure, 'secret')}
            autoComplete="new-password"
            autoFocus
          />
        </Form>
      ) : (
        <ShownOnce what="secret" value={made} onDone={onClose}>
          Give it to {other} within 24 hours: so long the one before is good too.
        </ShownOnce>
      )}
    </Sheet>
  );
}
