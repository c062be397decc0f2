// The payloads of a step, each loaded by itself.
import { graphql } from '../graphql';
import { load } from '../payload/load';
import type { LoadValue } from '../payload/LoadedPayload';

const INPUT = graphql(`
  query StepInput($id: ID!, $path: String!) {
    execution(id: $id) {
      step(path: $path) {
        input
      }
    }
  }
`);

const OUTPUT = graphql(`
  query StepOutput($id: ID!, $path: String!) {
    execution(id: $id) {
      step(path: $path) {
        output
      }
    }
  }
`);

const ERRORS = graphql(`
  query StepErrors($id: ID!, $path: String!) {
    execution(id: $id) {
      step(path: $path) {
        error {
          details
        }
        attempts {
          number
          error {
            details
          }
        }
      }
    }
  }
`);

const RUN_INPUT = graphql(`
  query RunInput($id: ID!) {
    execution(id: $id) {
      input
    }
  }
`);

const RUN_OUTPUT = graphql(`
  query RunOutput($id: ID!) {
    execution(id: $id) {
      output
    }
  }
`);

/** What the step was called with. */
export function inputOf(id: string, path: string): LoadValue {
  return async (isAsked, signal) => {
    const loaded = await load(INPUT, { id, path }, isAsked, signal);
    return loaded.kind === 'value' ? { ...loaded, data: loaded.data.execution?.step?.input ?? null } : loaded;
  };
}

/** What the step gave. */
export function outputOfStep(id: string, path: string): LoadValue {
  return async (isAsked, signal) => {
    const loaded = await load(OUTPUT, { id, path }, isAsked, signal);
    return loaded.kind === 'value' ? { ...loaded, data: loaded.data.execution?.step?.output ?? null } : loaded;
  };
}

/** The details of what went wrong: at this attempt, or where it is null at the step as a whole. */
export function detailsOf(id: string, path: string, attempt: number | null): LoadValue {
  return async (isAsked, signal) => {
    const loaded = await load(ERRORS, { id, path }, isAsked, signal);
    if (loaded.kind !== 'value') return loaded;
    const step = loaded.data.execution?.step;
    const tried = step?.attempts.find(({ number }) => number === attempt)?.error?.details;
    return { ...loaded, data: (attempt === null ? step?.error?.details : tried) ?? null };
  };
}

/** What the run began with. */
export function inputOfRun(id: string): LoadValue {
  return async (isAsked, signal) => {
    const loaded = await load(RUN_INPUT, { id }, isAsked, signal);
    return loaded.kind === 'value' ? { ...loaded, data: loaded.data.execution?.input ?? null } : loaded;
  };
}

/** What the run gave. */
export function outputOfRun(id: string): LoadValue {
  return async (isAsked, signal) => {
    const loaded = await load(RUN_OUTPUT, { id }, isAsked, signal);
    return loaded.kind === 'value' ? { ...loaded, data: loaded.data.execution?.output ?? null } : loaded;
  };
}
