// Text as what it is: characters that would be invisible, or turn the text around them, are named.

export interface TextPart {
  readonly text: string;
  /** The name of a character that cannot be seen, such as "U+202E"; null for text that can. */
  readonly hidden: string | null;
}

// Controls but for line breaks and tabs, marks of direction, and characters without any width.
// eslint-disable-next-line no-control-regex
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu;

/** The text in parts; one part where all of it can be seen. */
export function partsOf(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let reached = 0;
  for (const match of text.matchAll(HIDDEN)) {
    if (match.index > reached) parts.push({ text: text.slice(reached, match.index), hidden: null });
    const code = match[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
    parts.push({ text: match[0], hidden: `U+${code}` });
    reached = match.index + match[0].length;
  }
  if (reached < text.length || parts.length === 0) parts.push({ text: text.slice(reached), hidden: null });
  return parts;
}

/** Bytes of an answer that are loaded without being asked for. */
export const LARGEST_UNASKED = 256_000;
