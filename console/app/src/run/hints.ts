// What to try next, by the code of a failure.

const HINTS: Readonly<Record<string, string>> = {
  HTTP_STATUS: 'See what the service said below. Another status may be a success too: name it in expectedStatus.',
  TIMEOUT: 'Give the step a longer timeout, or a retry where the service is sometimes slow.',
  CONNECT_FAILED: 'Is the address right, and the service up? A retry helps over short absences.',
  CONNECTION_LOST: 'A retry attempts it again under the same Idempotency-Key.',
  INVALID_RESPONSE: 'The body is not what its content type says. See what came below.',
  DESTINATION_BLOCKED: 'Steps may not call private addresses unless the settings allow them.',
  INVALID_REQUEST: 'Look at what the templates of the step came to, in the request below.',
  SECRET_UNAVAILABLE: 'Set the secret, then retry the execution.',
  RESPONSE_TOO_LARGE: 'Ask the service for less, or page through it.',
  CIRCUIT_OPEN: 'The service fails for others too. See its circuit breaker, and retry when it has closed.',
  EXPRESSION_FAILED: 'Try the expression on the input of this run, and give what may be missing a default: a ?? b.',
  EXPRESSION_LIMIT: 'Compute less at once: a loop, or a service, for what takes long.',
  VALIDATION_FAILED: 'See which rules were not met below; start the workflow again with other data.',
  SCHEMA_LIMIT: 'Make the schema simpler, or the data smaller.',
  OUTPUT_TOO_LARGE: 'Keep only what later steps need, with an output or a DATA_TRANSFORM.',
  STEP_FAILED: 'What failed is inside: open the step.',
  LIMIT_EXCEEDED: 'Children may be nested ten deep.',
  CANCELLED: 'Retry the execution to go on from here.',
  POISONED: 'Its workers died again and again. See their logs before you retry it.',
  INTERNAL: 'This is a fault of Stepgraph: see the log of the worker.',
};

/** The next thing to try; null for a code that says nothing. */
export function hintFor(code: string): string | null {
  return HINTS[code] ?? null;
}
