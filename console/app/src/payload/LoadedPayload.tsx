// A payload that is loaded when it is shown; a large one when somebody asks for it.
import { useEffect, useState } from 'react';
import type { Failure } from '../api/failure';
import { Button } from '../kit/Button';
import { FailureLine } from '../kit/Notes';
import { bytes } from '../kit/numbers';
import { Payload } from './Payload';
import type { Loaded } from './load';
import { LARGEST_UNASKED } from './text';
import style from './Payload.module.css';

export type LoadValue = (isAsked: boolean, signal: AbortSignal) => Promise<Loaded<unknown>>;

export interface LoadedPayloadProps {
  readonly label: string;
  readonly expression: string | null;
  /** Another key is another value: it is loaded anew. */
  readonly from: string;
  readonly load: LoadValue;
  /** Its size, where that is known without loading it. */
  readonly size?: number | null;
  /** What is said of no value. */
  readonly none?: string;
}

interface State {
  readonly from: string;
  readonly loaded: Loaded<unknown>;
}

export function LoadedPayload({ label, expression, from, load, size = null, none = 'nothing' }: LoadedPayloadProps) {
  const [state, setState] = useState<State>();
  const [asked, setAsked] = useState<string>();
  const isAsked = asked === from;
  const isLarge = size !== null && size > LARGEST_UNASKED && !isAsked;
  useEffect(() => {
    if (isLarge) return;
    const stop = new AbortController();
    void load(isAsked, stop.signal).then((loaded) => {
      if (!stop.signal.aborted) setState({ from, loaded });
    });
    return () => stop.abort();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `from` names what `load` loads
  }, [from, isAsked, isLarge]);
  const loaded: Loaded<unknown> | undefined = isLarge
    ? { kind: 'large', bytes: size }
    : state?.from === from
      ? state.loaded
      : undefined;
  if (loaded === undefined) return <p className={style.soft}>loading …</p>;
  switch (loaded.kind) {
    case 'failed':
      return <Failed failure={loaded.failure} />;
    case 'large':
      return (
        <div className={style.large}>
          {loaded.bytes === null ? 'More than 256 kB' : bytes(loaded.bytes)}
          <Button onClick={() => setAsked(from)}>Load it</Button>
        </div>
      );
    case 'value':
      if (loaded.data === null || loaded.data === undefined) return <p className={style.soft}>{none}</p>;
      return <Payload key={from} label={label} value={loaded.data} expression={expression} />;
  }
}

function Failed({ failure }: { readonly failure: Failure }) {
  return <FailureLine failure={failure} />;
}
