// The keys of the console: which press means what, apart from where it is typed into.

export type Command =
  | { readonly kind: 'palette' }
  | { readonly kind: 'help' }
  | { readonly kind: 'filter' }
  | { readonly kind: 'move'; readonly by: 1 | -1 }
  | { readonly kind: 'go'; readonly to: string };

export interface Press {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

/** The letters after `g`, each with the page that it leads to. */
export const GO: Readonly<Record<string, string>> = {
  o: '/',
  e: '/executions',
  w: '/workflows',
  p: '/workers',
  b: '/breakers',
  h: '/webhooks',
  s: '/schedules',
  t: '/templates',
  r: '/rules',
  c: '/secrets',
  k: '/keys',
  a: '/audit',
};

/** What a press means after `before`, which is 'g' within a moment of it; null for nothing. */
export function commandOf({ key, ctrlKey, metaKey, altKey }: Press, before: string | null): Command | null {
  if ((ctrlKey || metaKey) && !altKey && key.toLowerCase() === 'k') return { kind: 'palette' };
  if (ctrlKey || metaKey || altKey) return null;
  const to = before === 'g' ? GO[key] : undefined;
  if (to !== undefined) return { kind: 'go', to };
  if (key === '?') return { kind: 'help' };
  if (key === '/') return { kind: 'filter' };
  if (key === 'j') return { kind: 'move', by: 1 };
  if (key === 'k') return { kind: 'move', by: -1 };
  return null;
}

/** True while something lies over the page, which has keys of its own. */
export function isCovered(): boolean {
  return document.querySelector('[role=dialog], [role=alertdialog], [role=menu]') !== null;
}

/** True where letters are typed, or move in what has rows of its own. */
export function takesLetters(target: Element | null): boolean {
  return target?.closest('input, textarea, select, [contenteditable=true], [role=treegrid], [role=tree], [role=grid]') != null;
}
