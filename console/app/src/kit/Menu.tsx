// A button with a list of what can be done or opened.
import { Link, type LinkProps } from '@tanstack/react-router';
import { createContext, use, useId, useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactNode, type RefObject } from 'react';
import { Button } from './Button';
import type { PARTS } from './menuParts';
import style from './Menu.module.css';

export interface MenuProps {
  readonly label: string;
  /** Shown instead of the label, which is still what the button is called. */
  readonly face?: ReactNode;
  readonly kind?: 'plain' | 'quiet';
  readonly children: ReactNode;
}

type Parts = typeof PARTS;

/** Where an opened menu has the focus: its first item or its last one for those who came by keys. */
type Start = 'first' | 'last' | 'menu';

const Loaded = createContext<Parts | undefined>(undefined);

/** Loads what an open menu needs, once; the button alone is there from the beginning. */
async function load(): Promise<Parts> {
  return (await import('./menuParts')).PARTS;
}

/** What fails here is told when the menu is opened. */
function prepare(): void {
  load().catch(() => undefined);
}

export function Menu({ label, face, kind = 'quiet', children }: MenuProps) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [parts, setParts] = useState<Parts>();
  const [start, setStart] = useState<Start>();
  const [around, setAround] = useState<HTMLElement>();
  const isOpen = start !== undefined;

  function open(next: Start): void {
    button.current?.focus(); // where it returns to; not every browser gives it to a button that is pressed
    setAround(aroundOf(button.current));
    load().then(
      (loaded) => {
        setParts(loaded);
        setStart(next);
      },
      (problem: unknown) =>
        setParts(() => {
          throw problem as Error;
        }),
    );
  }

  function press(pressed: KeyboardEvent): void {
    if (pressed.key !== 'ArrowDown' && pressed.key !== 'ArrowUp') return;
    pressed.preventDefault();
    open(pressed.key === 'ArrowDown' ? 'first' : 'last');
  }

  /** Tab goes on from the button. */
  function leave(pressed: KeyboardEvent): void {
    if (pressed.key !== 'Tab') return;
    button.current?.focus();
    setStart(undefined);
  }

  return (
    <>
      <Button
        ref={button}
        kind={kind}
        className={style.trigger}
        aria-label={face === undefined ? undefined : label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        onPointerEnter={prepare}
        onFocus={prepare}
        onMouseDown={(pressed) => isOpen && pressed.preventDefault()} // the menu keeps the focus until it is closed
        onClick={({ detail }) => (isOpen ? setStart(undefined) : open(detail === 0 ? 'first' : 'menu'))}
        onKeyDown={press}
      >
        {face ?? label}
        <svg viewBox="0 0 8 8" width="8" height="8" aria-hidden="true">
          <path d="m1 2.5 3 3 3-3" fill="none" stroke="currentColor" strokeWidth="1.3" />
        </svg>
      </Button>
      {parts !== undefined && (
        <Loaded value={parts}>
          <parts.Root
            modal={false}
            open={isOpen}
            onOpenChange={(_, change) => {
              if (button.current?.contains(change.event.target as Node | null)) change.cancel(); // its click closes it
              else setStart(undefined);
            }}
          >
            <parts.Portal className={style.portal} container={around}>
              <parts.Positioner className={style.positioner} anchor={button} sideOffset={4} align="end">
                <parts.Popup ref={list} id={id} className={style.popup} aria-label={label} onKeyDown={leave}>
                  <FirstFocus list={list} start={start} />
                  {children}
                </parts.Popup>
              </parts.Positioner>
            </parts.Portal>
          </parts.Root>
        </Loaded>
      )}
    </>
  );
}

/** The sheet or the landmark that a button stands in: what it opens belongs to that too. */
function aroundOf(button: HTMLElement | null): HTMLElement {
  return button?.closest<HTMLElement>('[role$=dialog], main') ?? button?.closest('header') ?? document.body;
}

/** Gives the focus to an item when the list is there, for those who came by keys. Else the list itself has it. */
function FirstFocus({ list, start }: { readonly list: RefObject<HTMLElement | null>; readonly start: Start | undefined }) {
  useLayoutEffect(() => {
    if (start !== 'first' && start !== 'last') return;
    const frame = requestAnimationFrame(() => {
      const items = [...(list.current?.querySelectorAll<HTMLElement>('[role^=menuitem]:not([aria-disabled=true])') ?? [])];
      items.at(start === 'first' ? 0 : -1)?.focus();
    });
    return () => cancelAnimationFrame(frame);
  }, [list, start]);
  return null;
}

/** The parts, in what stands in an open menu. */
function useParts(): Parts {
  const parts = use(Loaded);
  if (parts === undefined) throw new Error('An item stands outside of a menu.');
  return parts;
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
  const parts = useParts();
  return (
    <parts.Item className={style.item} data-danger={isDangerous || undefined} disabled={disabled} onClick={onChoose}>
      {children}
    </parts.Item>
  );
}

export interface LinkItemProps {
  readonly to: NonNullable<LinkProps['to']>;
  readonly params?: LinkProps['params'];
  readonly children: ReactNode;
}

export function LinkItem({ to, params = {}, children }: LinkItemProps) {
  const parts = useParts();
  return (
    <parts.Item className={style.item} render={<Link to={to} params={params} />}>
      {children}
    </parts.Item>
  );
}

/** Items that belong together, below what they are. */
export function Group({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  const parts = useParts();
  return (
    <parts.Group>
      <parts.GroupLabel className={style.label}>{label}</parts.GroupLabel>
      {children}
    </parts.Group>
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
  const parts = useParts();
  return (
    <parts.CheckboxItem className={style.item} checked={isChecked} onCheckedChange={onChange}>
      <span className={style.check}>
        <parts.CheckboxItemIndicator>✓</parts.CheckboxItemIndicator>
      </span>
      {children}
    </parts.CheckboxItem>
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
  const parts = useParts();
  return (
    <parts.RadioGroup value={value} onValueChange={(next) => onChoose(next as Value)}>
      {choices.map((choice) => (
        <parts.RadioItem key={choice.value} value={choice.value} className={style.item} closeOnClick>
          <span className={style.check}>
            <parts.RadioItemIndicator>✓</parts.RadioItemIndicator>
          </span>
          {choice.name}
        </parts.RadioItem>
      ))}
    </parts.RadioGroup>
  );
}
