// A field made from a JSON Schema: a choice, a number, a text, or JSON where none of these would do.
import { SelectField, TextField } from './Field';
import { JsonField } from './JsonField';
import { choicesOf, fieldKind, readTyped } from './schemaValues';

export interface SchemaFieldProps {
  readonly label: string;
  readonly schema: unknown;
  /** The text; `readTyped` gives its value. */
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly hint?: string | undefined;
  readonly problem?: string | undefined;
  /** Shown where nothing is typed: the value that it has then. */
  readonly placeholder?: string;
}

export function SchemaField({ schema, placeholder = '', ...rest }: SchemaFieldProps) {
  const kind = fieldKind(schema);
  if (kind === 'choice' || kind === 'boolean') {
    const values = kind === 'choice' ? choicesOf(schema) : ['true', 'false'];
    const none = { value: '', name: placeholder === '' ? '–' : `${placeholder} (default)` };
    return <SelectField {...rest} choices={[none, ...values.map((value) => ({ value, name: value }))]} />;
  }
  if (kind === 'json') return <JsonField {...rest} rows={4} placeholder={placeholder} />;
  const read = readTyped(schema, rest.value);
  const problem = rest.problem ?? ('problem' in read ? read.problem : undefined);
  return <TextField {...rest} problem={problem} placeholder={placeholder} autoComplete="off" />;
}
