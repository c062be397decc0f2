// The menus of the list as a whole: its saved views, and what can be done with everything that it finds.
import { BulkMenu } from './bulk/BulkMenu';
import { HIDEABLE } from './columns';
import { Views, type ViewsProps } from './views/Views';

export function ListMenus(props: Omit<ViewsProps, 'columns'>) {
  return (
    <>
      <Views {...props} columns={HIDEABLE} />
      <BulkMenu filter={props.filter} />
    </>
  );
}
