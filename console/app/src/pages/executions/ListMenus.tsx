// The menus of the list as a whole: its saved views, what can be done with everything that it finds, and what is in no list.
import { Link } from '@tanstack/react-router';
import { buttonClass } from '../../kit/Button';
import { BulkMenu } from './bulk/BulkMenu';
import { HIDEABLE } from './columns';
import { Views, type ViewsProps } from './views/Views';
import style from './views/Views.module.css';

export function ListMenus(props: Omit<ViewsProps, 'columns'>) {
  return (
    <>
      <Views {...props} columns={HIDEABLE} />
      <BulkMenu filter={props.filter} />
      <Link to="/executions/$id" params={{ id: 'file' }} className={`${buttonClass('quiet')} ${style.other ?? ''}`}>
        Open an export …
      </Link>
    </>
  );
}
