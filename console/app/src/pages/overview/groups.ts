// Executions that have the same reason, the most frequent reason first.

export interface Group<Item> {
  readonly key: string;
  readonly first: Item;
  readonly size: number;
}

/** At most `most` groups of items with the same key, the largest first; of equal ones, that of the earlier item. */
export function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string, most: number): readonly Group<Item>[] {
  const groups = new Map<string, { first: Item; size: number }>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: item, size: 1 });
    else group.size += 1;
  }
  return [...groups]
    .map(([key, group]) => ({ key, ...group }))
    .sort((a, b) => b.size - a.size)
    .slice(0, most);
}
