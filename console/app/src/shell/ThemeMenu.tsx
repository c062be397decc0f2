// The choice between light, dark and the system's way.
import { Choices, Menu } from '../kit/Menu';
import { choose, useTheme } from '../look/theme';

const CHOICES = [
  { value: 'system', name: 'As the system' },
  { value: 'light', name: 'Light' },
  { value: 'dark', name: 'Dark' },
] as const;

export function ThemeMenu() {
  return (
    <Menu label="Theme" face={<HalfMoon />}>
      <Choices value={useTheme()} onChoose={choose} choices={CHOICES} />
    </Menu>
  );
}

function HalfMoon() {
  return (
    <svg viewBox="0 0 14 14" width="14" height="14" aria-hidden="true">
      <circle cx="7" cy="7" r="5.3" fill="none" stroke="currentColor" strokeWidth="1.3" />
      <path d="M7 1.7a5.3 5.3 0 0 1 0 10.6z" fill="currentColor" />
    </svg>
  );
}
