// What can be pressed. `primary` is the one thing that a page or a dialog is for, `danger` what cannot be undone.
import type { ButtonHTMLAttributes, Ref } from 'react';
import style from './Button.module.css';

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly kind?: 'plain' | 'primary' | 'danger' | 'quiet';
  readonly ref?: Ref<HTMLButtonElement>;
}

export function Button({ kind = 'plain', className, type = 'button', ...rest }: ButtonProps) {
  return <button type={type} className={`${buttonClass(kind)} ${className ?? ''}`} {...rest} />;
}

/** The class of a link that looks like a button. */
export function buttonClass(kind: NonNullable<ButtonProps['kind']> = 'plain'): string {
  return `${style.button ?? ''} ${style[kind] ?? ''}`;
}
