// A run as the API has it: each value is asked for when it is shown.
import { useMemo } from 'react';
import type { RunSource } from './source';
import { detailsOf, inputOf, inputOfRun, outputOfRun, outputOfStep } from './stepValues';
import { useDocument } from './useDocument';

export function useApiSource(id: string): RunSource {
  const document = useDocument(id);
  return useMemo(
    () => ({
      recordedAt: null,
      document,
      input: inputOfRun(id),
      output: outputOfRun(id),
      inputOf: (path) => inputOf(id, path),
      outputOf: (path) => outputOfStep(id, path),
      detailsOf: (path, attempt) => detailsOf(id, path, attempt),
    }),
    [id, document],
  );
}
