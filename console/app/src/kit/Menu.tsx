// A button with a list of what can be done or opened.
import { Menu as Base } from '@base-ui/react/menu';
import { Link, type LinkProps } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { buttonClass } from './Button';
import style from './Menu.module.css';

export interface MenuProps {
  readonly label: string;
  /** Shown instead of the label, which is still what the button is called. */
  readonly face?: ReactNode;
  readonly kind?: 'plain' | 'quiet';
  readonly children: ReactNode;
}

export function Menu({ label, face, kind = 'quiet', children }: MenuProps) {
  return (
    <Base.Root modal={false}>
      <Base.Trigger className={`${buttonClass(kind)} ${style.trigger ?? ''}`} aria-label={face === undefined ? undefined : label}>
        {face ?? label}
        <svg viewBox="0 0 8 8" width="8" height="8" aria-hidden="true">
          <path d="m1 2.5 3 3 3-3" fill="none" stroke="currentColor" strokeWidth="1.3" />
        </svg>
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner className={style.positioner} sideOffset={4} align="end">
          <Base.Popup className={style.popup}>{children}</Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

export function Item({
  onChoose,
  isDangerous = false,
  disabled = false,
  children,
}: {
  readonly onChoose: () => void;
  readonly isDangerous?: boolean;
  readonly disabled?: boolean;
  readonly children: ReactNode;
}) {
  return (
    <Base.Item className={style.item} data-danger={isDangerous || undefined} disabled={disabled} onClick={onChoose}>
      {children}
    </Base.Item>
  );
}

export function LinkItem({ to, children }: { readonly to: NonNullable<LinkProps['to']>; readonly children: ReactNode }) {
  return (
    <Base.Item className={style.item} render={<Link to={to} />}>
      {children}
    </Base.Item>
  );
}

/** An item that is on or off; the menu stays open. */
export function CheckItem({
  isChecked,
  onChange,
  children,
}: {
  readonly isChecked: boolean;
  readonly onChange: (isChecked: boolean) => void;
  readonly children: ReactNode;
}) {
  return (
    <Base.CheckboxItem className={style.item} checked={isChecked} onCheckedChange={onChange}>
      <span className={style.check}>
        <Base.CheckboxItemIndicator>✓</Base.CheckboxItemIndicator>
      </span>
      {children}
    </Base.CheckboxItem>
  );
}

/** Items of which one is chosen. */
export function Choices<Value extends string>({
  value,
  onChoose,
  choices,
}: {
  readonly value: Value;
  readonly onChoose: (value: Value) => void;
  readonly choices: readonly { readonly value: Value; readonly name: string }[];
}) {
  return (
    <Base.RadioGroup value={value} onValueChange={(next) => onChoose(next as Value)}>
      {choices.map((choice) => (
        <Base.RadioItem key={choice.value} value={choice.value} className={style.item} closeOnClick>
          <span className={style.check}>
            <Base.RadioItemIndicator>✓</Base.RadioItemIndicator>
          </span>
          {choice.name}
        </Base.RadioItem>
      ))}
    </Base.RadioGroup>
  );
}
