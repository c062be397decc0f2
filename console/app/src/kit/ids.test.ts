// Ids in short.
import { expect, it } from 'vitest';
import { shortId } from './ids';

it.each([
  ['ex_01kbasqv1we5tvjbm3dgw8x2c4', 'ex_01kb…x2c4'],
  ['ex_short', 'ex_short'],
  ['no id at all, and long', 'no id at all, and long'],
  ['', ''],
])('%s is %s', (id, expected) => expect(shortId(id)).toBe(expected));
