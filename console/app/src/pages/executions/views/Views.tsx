// The saved views of the list: each a place to go to, and the way to save and change them.
import { lazy, Suspense, useState } from 'react';
import { useAsk } from '../../../api/useAsk';
import { Item, Menu } from '../../../kit/Menu';
import type { Filter } from '../filter';
import { VIEWS } from './queries';
import { hiddenColumns, readView } from './view';
import style from './Views.module.css';

const SaveView = lazy(() => import('./SaveView').then((module) => ({ default: module.SaveView })));
const ManageViews = lazy(() => import('./ManageViews').then((module) => ({ default: module.ManageViews })));

export interface ViewsProps {
  readonly filter: Filter;
  /** The columns that can be left out, and those of them that are. */
  readonly columns: readonly string[];
  readonly hidden: readonly string[];
  readonly onView: (filter: Filter, hidden: readonly string[]) => void;
}

export function Views({ filter, columns, hidden, onView }: ViewsProps) {
  const [open, setOpen] = useState<'save' | 'manage'>();
  const [told, setTold] = useState('');
  const { data, failure, again } = useAsk(VIEWS, {});
  const views = data?.savedViews.nodes ?? [];
  function close(sentence = ''): void {
    setOpen(undefined);
    setTold(sentence);
    again({ requestPolicy: 'network-only' });
  }
  function choose(view: (typeof views)[number]): void {
    const read = readView(view.filter);
    setTold(read.unknown.length === 0 ? '' : `Of the view ${view.name} this list leaves out ${read.unknown.join(', ')}.`);
    onView(read.filter, hiddenColumns(view, columns));
  }
  return (
    <>
      <span role="status" className={style.told}>
        {told}
      </span>
      <Menu label="Views">
        {failure !== undefined && <Item onChoose={() => again({ requestPolicy: 'network-only' })}>{failure.message}</Item>}
        {views.map((view) => (
          <Item key={view.id} onChoose={() => choose(view)}>
            <bdi>{view.name}</bdi>
            {view.shared && <span className={style.owner}>{view.isOwn ? 'shared' : `of ${view.owner}`}</span>}
          </Item>
        ))}
        <Item onChoose={() => setOpen('save')}>Save this list…</Item>
        {views.length > 0 && <Item onChoose={() => setOpen('manage')}>Change views…</Item>}
      </Menu>
      <Suspense>
        {open === 'save' && (
          <SaveView
            filter={filter}
            columns={hidden.length === 0 ? [] : columns.filter((column) => !hidden.includes(column))}
            onClose={() => setOpen(undefined)}
            onSaved={(name) => close(`The view ${name} was saved.`)}
          />
        )}
        {open === 'manage' && <ManageViews views={views} onClose={() => close()} />}
      </Suspense>
    </>
  );
}
