// What the inspector is made of: parts with a name, and facts.
import type { ReactNode } from 'react';
import style from './Inspector.module.css';

/** A part of the inspector with its name. */
export function Part({
  name,
  actions,
  children,
}: {
  readonly name: string;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <section className={style.part}>
      <header className={style.partHead}>
        <h3>{name}</h3>
        {actions}
      </header>
      {children}
    </section>
  );
}

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
