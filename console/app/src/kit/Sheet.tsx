// A sheet at the side of the page: one thing in full, or a form. It is closed on purpose, never by a press beside it.
import { Dialog } from '@base-ui/react/dialog';
import { useRef, type ReactNode } from 'react';
import { buttonClass } from './Button';
import style from './Sheet.module.css';

export interface SheetProps {
  readonly title: string;
  /** Beside the title: a state. */
  readonly note?: ReactNode;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** It is open as long as it is there. A field of it with `autoFocus` is where one begins, else its title is. */
export function Sheet({ title, note, onClose, children }: SheetProps) {
  const popup = useRef<HTMLDivElement>(null);
  return (
    <Dialog.Root open disablePointerDismissal onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className={style.veil} />
        <Dialog.Popup ref={popup} initialFocus={popup} className={`${style.popup ?? ''} ${style.sheet ?? ''}`}>
          <header className={style.head}>
            <Dialog.Title className={style.title}>
              <bdi>{title}</bdi>
            </Dialog.Title>
            {note}
            <Dialog.Close className={`${buttonClass('quiet')} ${style.close ?? ''}`} aria-label="Close">
              <svg viewBox="0 0 14 14" width="14" height="14" aria-hidden="true">
                <path d="m3 3 8 8M11 3l-8 8" fill="none" stroke="currentColor" strokeWidth="1.4" strokeLinecap="round" />
              </svg>
            </Dialog.Close>
          </header>
          <div className={style.body}>{children}</div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
