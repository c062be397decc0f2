// Fields of forms: a label, what is typed or chosen, a hint, and what is wrong with it.
import { useId, type ReactNode } from 'react';
import style from './Field.module.css';

interface Common {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly problem?: string | undefined;
}

export interface TextFieldProps extends Common {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly type?: 'text' | 'password' | 'search' | 'url' | 'datetime-local' | 'number';
  readonly placeholder?: string;
  readonly autoComplete?: string;
  readonly autoFocus?: boolean;
  readonly required?: boolean;
  readonly disabled?: boolean;
  readonly list?: readonly string[];
}

export function TextField({ label, hint, problem, value, onChange, list, autoFocus, ...rest }: TextFieldProps) {
  const id = useId();
  return (
    <Framed id={id} label={label} hint={hint} problem={problem}>
      <input
        id={id}
        className={style.input}
        value={value}
        onChange={(change) => onChange(change.target.value)}
        aria-invalid={problem !== undefined}
        aria-describedby={`${id}-note`}
        list={list === undefined ? undefined : `${id}-list`}
        autoFocus={autoFocus}
        spellCheck={false}
        {...rest}
      />
      {list !== undefined && (
        <datalist id={`${id}-list`}>
          {list.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
      )}
    </Framed>
  );
}

export interface AreaFieldProps extends Common {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly rows?: number;
  readonly placeholder?: string;
  /** Code, in the monospaced type. */
  readonly isCode?: boolean;
}

export function AreaField({ label, hint, problem, value, onChange, rows = 6, isCode = true, ...rest }: AreaFieldProps) {
  const id = useId();
  return (
    <Framed id={id} label={label} hint={hint} problem={problem}>
      <textarea
        id={id}
        className={`${style.input ?? ''} ${style.area ?? ''} ${isCode ? (style.code ?? '') : ''}`}
        rows={rows}
        value={value}
        onChange={(change) => onChange(change.target.value)}
        aria-invalid={problem !== undefined}
        aria-describedby={`${id}-note`}
        spellCheck={false}
        {...rest}
      />
    </Framed>
  );
}

export interface SelectFieldProps<Value extends string> extends Common {
  readonly value: Value;
  readonly onChange: (value: Value) => void;
  readonly choices: readonly { readonly value: Value; readonly name: string }[];
}

export function SelectField<Value extends string>({ label, hint, problem, value, onChange, choices }: SelectFieldProps<Value>) {
  const id = useId();
  return (
    <Framed id={id} label={label} hint={hint} problem={problem}>
      <select
        id={id}
        className={style.input}
        value={value}
        onChange={(change) => onChange(change.target.value as Value)}
        aria-invalid={problem !== undefined}
        aria-describedby={`${id}-note`}
      >
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.name}
          </option>
        ))}
      </select>
    </Framed>
  );
}

export function CheckField({
  label,
  hint,
  isChecked,
  onChange,
}: {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly isChecked: boolean;
  readonly onChange: (isChecked: boolean) => void;
}) {
  return (
    <label className={style.check}>
      <input type="checkbox" checked={isChecked} onChange={(change) => onChange(change.target.checked)} />
      <span>
        {label}
        {hint !== undefined && <span className={style.note}> {hint}</span>}
      </span>
    </label>
  );
}

function Framed({ id, label, hint, problem, children }: Common & { readonly id: string; readonly children: ReactNode }) {
  return (
    <div className={style.field}>
      <label className={style.label} htmlFor={id}>
        {label}
      </label>
      {children}
      <div id={`${id}-note`} className={style.note} data-problem={problem !== undefined || undefined}>
        {problem ?? hint}
      </div>
    </div>
  );
}
