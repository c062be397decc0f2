// Sending a message to an inbound webhook from a shell, signed as it wants it.
import type { InboundSignature } from '../../graphql/graphql';

const BODY = `BODY='{"hello": "there"}'`;
const SECRET = "SECRET='the secret of this webhook'";
const TYPE = "-H 'Content-Type: application/json'";

/** The command: for a POSIX shell with curl and, where something is signed, openssl. */
export function postingCommand(signature: InboundSignature, url: string): string {
  const quoted = `'${url.replaceAll("'", `'\\''`)}'`;
  const send = (...headers: readonly string[]): string =>
    `curl ${[quoted, TYPE, ...headers.map((header) => `-H "${header}"`), '--data "$BODY"'].join(' \\\n  ')}`;
  switch (signature) {
    case 'NONE':
      return [BODY, send()].join('\n');
    case 'HMAC_SHA256':
      return [SECRET, BODY, `SIGNATURE=${hexadecimal('$BODY')}`, send('X-Signature-256: $SIGNATURE')].join('\n');
    case 'GITHUB':
      return [SECRET, BODY, `SIGNATURE=${hexadecimal('$BODY')}`, send('X-GitHub-Event: push', 'X-Hub-Signature-256: sha256=$SIGNATURE')].join('\n');
    case 'STRIPE':
      return [SECRET, `BODY='{"id": "evt_1", "hello": "there"}'`, 'TIME=$(date +%s)', `SIGNATURE=${hexadecimal('$TIME.$BODY')}`, send('Stripe-Signature: t=$TIME,v1=$SIGNATURE')].join('\n');
    case 'STANDARD_WEBHOOKS':
      return [
        SECRET,
        BODY,
        'TIME=$(date +%s) ID=msg_$(date +%s)',
        `KEY=$(printf %s "\${SECRET#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \\n')`,
        'SIGNATURE=$(printf %s "$ID.$TIME.$BODY" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$KEY" -binary | base64)',
        send('webhook-id: $ID', 'webhook-timestamp: $TIME', 'webhook-signature: v1,$SIGNATURE'),
      ].join('\n');
  }
}

function hexadecimal(text: string): string {
  return `$(printf %s "${text}" | openssl dgst -sha256 -hmac "$SECRET" -r | cut -d ' ' -f 1)`;
}
