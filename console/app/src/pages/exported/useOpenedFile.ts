// The file that somebody has chosen, or dropped on the page: what is in it, or why it cannot be opened.
import { useCallback, useEffect, useRef, useState } from 'react';
import { bytes } from '../../kit/numbers';
import type { Run } from '../../run/live';
import type { RunSource } from '../../run/source';
import type { FileOfRun } from '../run/About';
import { readExport } from './read';
import { aboutOf, lackOf, runOf, sourceOf } from './recorded';

/** An export has 12 MB at most; one that was written with indents has several times that. */
const MOST_BYTES = 50_000_000;

export interface OpenedFile {
  /** Another one for each file that is opened. */
  readonly number: number;
  readonly file: FileOfRun;
  readonly run: Run;
  readonly about: ReturnType<typeof aboutOf>;
  readonly source: RunSource;
  readonly workflow: string | null;
  readonly lack: string | null;
}

interface State {
  readonly opened?: OpenedFile;
  readonly problem?: { readonly name: string; readonly sentence: string } | undefined;
}

export interface FileToOpen extends State {
  /** True while a file is held over the page. */
  readonly isOver: boolean;
  /** Asks for a file. */
  readonly choose: () => void;
}

export function useOpenedFile(): FileToOpen {
  const [state, setState] = useState<State>({});
  const [isOver, setOver] = useState(false);
  const newest = useRef(0);

  const open = useCallback(async (file: File) => {
    newest.current += 1;
    const number = newest.current;
    const answer = await read(file, number);
    if (number !== newest.current) return;
    setState((before) =>
      'sentence' in answer ? { ...before, problem: { name: file.name, sentence: answer.sentence } } : { opened: answer },
    );
  }, []);

  const choose = useCallback(() => {
    const input = document.createElement('input');
    input.type = 'file';
    input.accept = '.json,application/json';
    input.addEventListener('change', () => {
      const [file] = input.files ?? [];
      if (file !== undefined) void open(file);
    });
    input.click();
  }, [open]);

  useEffect(() => {
    const stop = new AbortController();
    const listen = (kind: 'dragover' | 'dragleave' | 'drop', hear: (drag: DragEvent) => void): void =>
      window.addEventListener(kind, hear, { signal: stop.signal });
    listen('dragover', (drag) => {
      if (drag.dataTransfer?.types.includes('Files') !== true) return;
      drag.preventDefault();
      setOver(true);
    });
    listen('dragleave', ({ relatedTarget }) => {
      if (relatedTarget === null) setOver(false);
    });
    listen('drop', (drag) => {
      setOver(false);
      const [file] = drag.dataTransfer?.files ?? [];
      if (file === undefined) return;
      drag.preventDefault();
      void open(file);
    });
    return () => stop.abort();
  }, [open]);

  return { ...state, isOver, choose };
}

async function read(file: File, number: number): Promise<OpenedFile | { readonly sentence: string }> {
  if (file.size > MOST_BYTES) {
    return { sentence: `It has ${bytes(file.size)}, and ${bytes(MOST_BYTES)} are the most. Export it with a smaller maxBytes.` };
  }
  const text = await file.text().catch(() => null);
  if (text === null) return { sentence: 'The browser cannot read it. Is it a folder, or was it moved meanwhile?' };
  const found = readExport(text);
  if ('problem' in found) return { sentence: found.problem };
  const { exported } = found;
  return {
    number,
    file: { name: file.name, exportedAt: Date.parse(exported.exportedAt) },
    run: runOf(exported),
    about: aboutOf(exported.execution),
    source: sourceOf(exported),
    workflow: exported.execution.workflow?.name ?? null,
    lack: lackOf(exported),
  };
}
