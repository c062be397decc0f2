// A field that takes JSON: it says where the text is none, once it is left.
import { useState } from 'react';
import { AreaField, type AreaFieldProps } from './Field';
import { readJson } from './json';

/** Its value is the text; `readJson` reads it. */
export function JsonField({ problem, value, ...rest }: AreaFieldProps) {
  const [left, setLeft] = useState('');
  const read = left === value ? readJson(value) : undefined;
  const fault = read !== undefined && 'problem' in read ? read.problem : undefined;
  return (
    <div onBlur={() => setLeft(value)}>
      <AreaField value={value} problem={problem ?? fault} {...rest} />
    </div>
  );
}
