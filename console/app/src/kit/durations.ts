// Lengths of time as people type them, 30s or 1h 30m, and as the API takes them, PT30S.
import { milliseconds } from './times';

const PART = /\s*(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d|w)/gy;
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 6e4, min: 6e4, h: 3.6e6, d: 8.64e7, w: 6.048e8 };

/** ISO 8601 of `1h 30m`, `250ms`, or of what is ISO 8601 already; null for another text. */
export function readDuration(text: string): string | null {
  const typed = text.trim();
  if (milliseconds(typed.toUpperCase()) !== null) return typed.toUpperCase();
  const parts = [...typed.toLowerCase().matchAll(PART)];
  const isWhole = parts.length > 0 && parts.map(([part]) => part).join('').replaceAll(' ', '') === typed.toLowerCase().replaceAll(' ', '');
  if (!isWhole) return null;
  const sum = parts.reduce((before, [, number, unit]) => before + Number(number) * (UNITS[unit ?? ''] ?? NaN), 0);
  return `PT${Number((sum / 1_000).toFixed(6))}S`;
}

/** `1h 30m` of PT1H30M or PT5400S, exactly. */
export function writeDuration(iso: string): string {
  let left = milliseconds(iso);
  if (left === null || left < 0) return iso;
  if (left === 0) return '0s';
  const written: string[] = [];
  for (const unit of ['d', 'h', 'm'] as const) {
    const size = UNITS[unit] ?? 1;
    const whole = Math.floor(left / size);
    if (whole > 0) written.push(`${whole}${unit}`);
    left -= whole * size;
  }
  if (left > 0) written.push(`${Number((left / 1_000).toFixed(6))}s`);
  return written.join(' ');
}
