// The question before what cannot be undone: what will be gone, and its name to type where that is much.
import { AlertDialog } from '@base-ui/react/alert-dialog';
import { useState, type ReactNode } from 'react';
import type { Failure } from '../api/failure';
import { Button } from './Button';
import { TextField } from './Field';
import { FailureLine } from './Notes';
import style from './Sheet.module.css';

export interface ConfirmProps {
  /** The question, such as "Delete the schedule nightly?". */
  readonly title: string;
  /** What the button is called, such as "Delete it". */
  readonly action: string;
  /** A text that has to be typed first. */
  readonly typed?: string;
  readonly isRunning?: boolean;
  readonly failure?: Failure | undefined;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
  /** What happens then. */
  readonly children?: ReactNode;
}

export function Confirm({ title, action, typed, isRunning = false, failure, onConfirm, onClose, children }: ConfirmProps) {
  const [text, setText] = useState('');
  return (
    <AlertDialog.Root open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={style.veil} />
        <AlertDialog.Popup className={`${style.popup ?? ''} ${style.dialog ?? ''}`}>
          <AlertDialog.Title className={style.title}>
            <bdi>{title}</bdi>
          </AlertDialog.Title>
          {children !== undefined && <AlertDialog.Description render={<div className={style.text} />}>{children}</AlertDialog.Description>}
          {typed !== undefined && <TextField label={`Type ${typed} to go on`} value={text} onChange={setText} autoComplete="off" />}
          {failure !== undefined && <FailureLine failure={failure} />}
          <div className={style.actions}>
            <Button onClick={onClose}>Keep</Button>
            <Button kind="danger" disabled={isRunning || (typed !== undefined && text.trim() !== typed)} onClick={onConfirm}>
              {action}
            </Button>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
