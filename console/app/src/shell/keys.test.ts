// Keys mean what they say, and nothing where another key is held.
import { expect, it } from 'vitest';
import { commandOf } from './keys';

const press = (key: string, held: object = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, ...held });

it('opens the palette with Ctrl or Cmd', () => {
  expect(commandOf(press('k', { ctrlKey: true }), null)).toEqual({ kind: 'palette' });
  expect(commandOf(press('K', { metaKey: true }), null)).toEqual({ kind: 'palette' });
});

it('goes to a page by two letters', () => {
  expect(commandOf(press('e'), 'g')).toEqual({ kind: 'go', to: '/executions' });
  expect(commandOf(press('k'), 'g')).toEqual({ kind: 'go', to: '/keys' });
  expect(commandOf(press('e'), null)).toBeNull();
});

it('moves, finds and helps by one, and leaves the keys of the browser alone', () => {
  expect(['j', 'k', '/', '?'].map((key) => commandOf(press(key), null)?.kind)).toEqual(['move', 'move', 'filter', 'help']);
  expect(commandOf(press('j', { ctrlKey: true }), null)).toBeNull();
});
