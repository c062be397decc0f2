// A table of things: hairlines, one line a row, numbers aligned; it scrolls sideways where the window is narrow.
import type { ReactNode } from 'react';
import style from './Table.module.css';

export interface Column<Item> {
  readonly name: string;
  readonly cell: (item: Item) => ReactNode;
  readonly align?: 'start' | 'end';
  /** Cut with an ellipsis; the others take the width that they need. */
  readonly grows?: boolean;
  /** The heading is for screen readers alone. */
  readonly isUnnamed?: boolean;
}

export interface TableProps<Item> {
  readonly label: string;
  readonly columns: readonly Column<Item>[];
  readonly items: readonly Item[];
  readonly keyOf: (item: Item) => string;
  /** True while it shows what was asked for before. */
  readonly isStale?: boolean;
}

export function Table<Item>({ label, columns, items, keyOf, isStale = false }: TableProps<Item>) {
  return (
    <div className={style.frame} tabIndex={0} role="region" aria-label={label}>
      <table className={style.table} aria-busy={isStale}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.name} scope="col" data-align={column.align} className={column.grows ? style.grows : undefined}>
                {column.isUnnamed ? <span className="unseen">{column.name}</span> : column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={keyOf(item)}>
              {columns.map((column) => (
                <td key={column.name} data-align={column.align} className={column.grows ? style.grows : undefined}>
                  {column.cell(item)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
