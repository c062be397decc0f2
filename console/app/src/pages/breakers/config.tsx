// The configuration of a breaker as it is typed.
import { problemAt, type Failure } from '../../api/failure';
import type { CircuitBreakerConfigInput } from '../../graphql/graphql';
import { readDuration, writeDuration } from '../../kit/durations';
import { Fact, Facts } from '../../kit/Facts';
import { TextField } from '../../kit/Field';
import { FieldRow } from '../../kit/Form';
import { count, counted } from '../../kit/numbers';
import type { Breaker } from './useBreakers';

export type TypedConfig = Readonly<Record<keyof Breaker['config'], string>>;

export function typedOf(config: Breaker['config']): TypedConfig {
  return {
    failureThreshold: String(config.failureThreshold),
    successThreshold: String(config.successThreshold),
    resetTimeout: writeDuration(config.resetTimeout),
    halfOpenMaxCalls: String(config.halfOpenMaxCalls),
  };
}

export function configOf(typed: TypedConfig): CircuitBreakerConfigInput {
  return {
    failureThreshold: Number(typed.failureThreshold),
    successThreshold: Number(typed.successThreshold),
    resetTimeout: readDuration(typed.resetTimeout),
    halfOpenMaxCalls: Number(typed.halfOpenMaxCalls),
  };
}

/** True where every field holds what it is for; whether it is within its bounds the API says. */
export function isReadable({ resetTimeout, ...numbers }: TypedConfig): boolean {
  return readDuration(resetTimeout) !== null && Object.values(numbers).every((text) => /^\d+$/.test(text));
}

export function ConfigFields({
  typed,
  failure,
  onTyped,
}: {
  readonly typed: TypedConfig;
  readonly failure: Failure | undefined;
  readonly onTyped: (typed: TypedConfig) => void;
}) {
  const field = (name: keyof TypedConfig, label: string, hint: string) => (
    <TextField
      label={label}
      type={name === 'resetTimeout' ? 'text' : 'number'}
      value={typed[name]}
      onChange={(text) => onTyped({ ...typed, [name]: text })}
      hint={hint}
      problem={problemAt(failure, 'config', name) ?? unreadable(name, typed[name])}
    />
  );
  return (
    <>
      <FieldRow>
        {field('failureThreshold', 'Opens after', 'failures in a row')}
        {field('resetTimeout', 'Stays open for', 'such as 30s or 5m')}
      </FieldRow>
      <FieldRow>
        {field('halfOpenMaxCalls', 'Probes at a time', 'over all workers')}
        {field('successThreshold', 'Closes after', 'probes that succeeded')}
      </FieldRow>
    </>
  );
}

/** The configuration for those who may not change it. */
export function ConfigFacts({ config }: { readonly config: Breaker['config'] }) {
  return (
    <Facts>
      <Fact name="Opens after">{counted(config.failureThreshold, 'failure')} in a row</Fact>
      <Fact name="Stays open for">{writeDuration(config.resetTimeout)}</Fact>
      <Fact name="Probes at a time">{count(config.halfOpenMaxCalls)}</Fact>
      <Fact name="Closes after">{counted(config.successThreshold, 'probe')} that succeeded</Fact>
    </Facts>
  );
}

function unreadable(name: keyof TypedConfig, text: string): string | undefined {
  if (name === 'resetTimeout') return readDuration(text) === null ? 'Write a length of time, such as 30s, 5m or 1h 30m.' : undefined;
  return /^\d+$/.test(text) ? undefined : 'Write a whole number.';
}
