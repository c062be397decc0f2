// The menus of the list as a whole: its saved views, what can be done with everything that it finds, its columns, and what is
// in no list. Where there is little room, the last two are one menu.
import { Link } from '@tanstack/react-router';
import { buttonClass } from '../../kit/Button';
import { Group, LinkItem, Menu } from '../../kit/Menu';
import { BulkMenu } from './bulk/BulkMenu';
import { ColumnItems, HIDEABLE, type ColumnsProps } from './columns';
import { Views, type ViewsProps } from './views/Views';
import style from './ListMenus.module.css';

const EXPORT = { to: '/executions/$id', params: { id: 'file' } } as const;

export function ListMenus({ onHidden, ...props }: Omit<ViewsProps, 'columns'> & ColumnsProps) {
  const columns = <ColumnItems hidden={props.hidden} onHidden={onHidden} />;
  return (
    <>
      <Views {...props} columns={HIDEABLE} />
      <BulkMenu filter={props.filter} />
      <div className={style.wide}>
        <Link {...EXPORT} className={`${buttonClass('quiet')} ${style.export ?? ''}`}>
          Open an export…
        </Link>
        <Menu label="Columns">{columns}</Menu>
      </div>
      <div className={style.narrow}>
        <Menu label="More">
          <LinkItem {...EXPORT}>Open an export…</LinkItem>
          <Group label="Columns">{columns}</Group>
        </Menu>
      </div>
    </>
  );
}
