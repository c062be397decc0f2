// What can be done with every execution of the list, as far as the role of the key allows it.
import { lazy, Suspense, useState } from 'react';
import { useMay } from '../../../api/principal';
import { Item, Menu } from '../../../kit/Menu';
import type { Filter } from '../filter';
import { ACTIONS, BULKS, type BulkAction } from './operations';

const BulkSheet = lazy(() => import('./BulkSheet').then((module) => ({ default: module.BulkSheet })));

export function BulkMenu({ filter }: { readonly filter: Filter }) {
  const may = useMay();
  const [action, setAction] = useState<BulkAction>();
  const allowed = ACTIONS.filter((each) => may(BULKS[each].field));
  if (allowed.length === 0) return null;
  return (
    <>
      <Menu label="All of these">
        {allowed.map((each) => (
          <Item key={each} isDangerous={each === 'DELETE'} onChoose={() => setAction(each)}>
            {BULKS[each].verb} all…
          </Item>
        ))}
      </Menu>
      <Suspense>
        {action !== undefined && <BulkSheet {...{ action, filter }} onClose={() => setAction(undefined)} />}
      </Suspense>
    </>
  );
}
