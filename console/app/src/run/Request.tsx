// What a step was called with: its call, to be copied as a command, and all of it as it was.
import { useState } from 'react';
import { CopyButton } from '../kit/CopyButton';
import { LoadedPayload, type LoadValue } from '../payload/LoadedPayload';
import { Text } from '../payload/Text';
import { callOf, curlOf, type Call } from './curl';
import { Part } from './Parts';
import type { RunSource } from './source';
import style from './Inspector.module.css';

export interface RequestProps {
  readonly source: RunSource;
  readonly path: string;
  readonly type: string;
  /** Another one is another input: it is loaded anew. */
  readonly version: string;
  /** The size of its input in bytes; null where it has none. */
  readonly size: number | null;
}

export function Request({ source, path, type, version, size }: RequestProps) {
  const [found, setFound] = useState<{ readonly version: string; readonly call: Call | null }>();
  const call = found?.version === version ? found.call : null;
  const load: LoadValue = async (isAsked, signal) => {
    const loaded = await source.inputOf(path)(isAsked, signal);
    if (!signal.aborted) setFound({ version, call: loaded.kind === 'value' ? callOf(loaded.data) : null });
    return loaded;
  };
  return (
    <Part
      name={type === 'HTTP_REQUEST' || type === 'WEBHOOK_CALL' ? 'Request' : 'Input'}
      actions={
        call !== null && (
          <span className={style.copy}>
            curl <CopyButton text={curlOf(call)} what="as curl" />
          </span>
        )
      }
    >
      {call !== null && (
        <p className={style.call}>
          <strong>{call.method}</strong> <Text text={call.url} />
        </p>
      )}
      {call?.isMasked === true && (
        <p className={style.soft}>Secrets are masked as ***: put them in before you run it.</p>
      )}
      <LoadedPayload
        label={`Input of ${path}`}
        expression={null}
        from={`input ${version}`}
        load={load}
        size={size}
        none="It takes none."
      />
    </Part>
  );
}
