// The parts of Base UI that an open menu is made of: loaded when somebody comes near a menu, and not with the first page.
import { Menu } from '@base-ui/react/menu';

const { Root, Portal, Positioner, Popup, Item, Group, GroupLabel } = Menu;
const { CheckboxItem, CheckboxItemIndicator, RadioGroup, RadioItem, RadioItemIndicator } = Menu;

export const PARTS = {
  Root,
  Portal,
  Positioner,
  Popup,
  Item,
  Group,
  GroupLabel,
  CheckboxItem,
  CheckboxItemIndicator,
  RadioGroup,
  RadioItem,
  RadioItemIndicator,
};
