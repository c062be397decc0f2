// JSON as people type it into a field: its value, or a sentence that says where it stops being JSON.
import { fromJson, toJson } from '../payload/values';

/** The value; undefined where nothing was typed. */
export type ReadJson = { readonly value: unknown } | { readonly problem: string };

export function readJson(text: string): ReadJson {
  if (text.trim() === '') return { value: undefined };
  try {
    return { value: fromJson(text) };
  } catch (problem) {
    const said = problem instanceof Error ? problem.message : '';
    return { problem: `This is no JSON: ${said.replace(/,? *\.{3}[^]*| is not valid JSON$/, '')}. Names and texts stand in double quotes.` };
  }
}

/** The text of a value for a field; empty for none. */
export function writtenJson(value: unknown): string {
  return value === undefined || value === null ? '' : toJson(value);
}
