// What is known of a thing, as names and values.
import type { ReactNode } from 'react';
import style from './Form.module.css';

export function Facts({ children }: { readonly children: ReactNode }) {
  return <dl className={style.facts}>{children}</dl>;
}

export function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
