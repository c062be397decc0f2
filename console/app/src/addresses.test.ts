// Addresses that people can read, and what comes back of them.
import { describe, expect, it } from 'vitest';
import { readParameters, writeParameters } from './addresses';

describe('the parameters of an address', () => {
  it('are plain text', () => {
    expect(writeParameters({ step: 'loop[3].fetch', attempt: 2 })).toBe('?step=loop[3].fetch&attempt=2');
    expect(writeParameters({ status: 'FAILED,TIMED_OUT', q: 'a b' })).toBe('?status=FAILED,TIMED_OUT&q=a+b');
  });

  it('leave out what is not there', () => {
    expect(writeParameters({ status: undefined, q: '' })).toBe('');
  });

  it.each(['a&b=c', '100 % + "x"', '<script>', 'שלום', '#?/[]@:,$', 'a+b'])('give %j back as it was', (text) => {
    expect(readParameters(writeParameters({ text }))).toEqual({ text });
  });
});
