// Every ink is legible on every ground, in both themes.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');
const THEMES = ['light', 'dark'] as const;
const GROUNDS = ['ground', 'ground-soft', 'ground-hover', 'ground-raised'];
const INKS = ['ink', 'ink-soft', 'running', 'waiting', 'completed', 'failed', 'neutral', 'paused'];

function colour(name: string, theme: (typeof THEMES)[number]): string {
  const found = new RegExp(`--${name}: light-dark\\((#[0-9a-f]{6}), (#[0-9a-f]{6})\\)`).exec(css);
  const value = found?.[theme === 'light' ? 1 : 2];
  if (value === undefined) throw new Error(`There is no colour --${name}.`);
  return value;
}

function luminance(hex: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

describe.each(THEMES)('the %s theme', (theme) => {
  it.each(GROUNDS.flatMap((ground) => INKS.map((ink) => [ink, ground] as const)))('has %s on %s at 4.5 : 1', (ink, ground) => {
    expect(contrast(colour(ink, theme), colour(ground, theme))).toBeGreaterThanOrEqual(4.5);
  });

  it('has the text of a primary button at 4.5 : 1', () => {
    expect(contrast(colour('ink-inverse', theme), colour('ink', theme))).toBeGreaterThanOrEqual(4.5);
  });

  it.each(['line-strong', 'focus'])('has %s at 3 : 1', (line) => {
    expect(contrast(colour(line, theme), colour('ground', theme))).toBeGreaterThanOrEqual(3);
  });
});
