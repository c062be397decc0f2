// The keys that work on every page, and the button of the palette that they open.
import { useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { Button } from '../kit/Button';
import { commandOf, isCovered, takesLetters, type Command } from './keys';
import { PLACES } from './places';

const Palette = lazy(() => import('./Palette').then((module) => ({ default: module.Palette })));
const KeyHelp = lazy(() => import('./KeyHelp').then((module) => ({ default: module.KeyHelp })));

const SEQUENCE = 1_500; // ms between the letters of `g e`

export function Keys() {
  const [open, setOpen] = useState<'palette' | 'help'>();
  const [areOn, setOn] = useState(true);
  const before = useRef<{ readonly key: string; readonly at: number }>(undefined);
  const navigate = useNavigate();
  useEffect(() => {
    function press(pressed: KeyboardEvent): void {
      const last = before.current;
      const isSoon = last !== undefined && pressed.timeStamp - last.at < SEQUENCE;
      const command = commandOf(pressed, isSoon ? last.key : null);
      before.current = { key: pressed.key, at: pressed.timeStamp };
      if (command === null || pressed.defaultPrevented) return;
      if (isCovered()) return;
      if (command.kind !== 'palette' && (!areOn || takesLetters(pressed.target as Element | null))) return;
      if (command.kind === 'go' && !PLACES.some(({ to }) => to === command.to)) return;
      pressed.preventDefault();
      if (command.kind === 'palette' || command.kind === 'help') setOpen(command.kind);
      else if (command.kind === 'go') void navigate({ to: command.to });
      else act(command);
    }
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [areOn, navigate]);
  const close = (): void => setOpen(undefined);
  return (
    <>
      <Button kind="quiet" aria-label="Search or act" aria-keyshortcuts="Control+K Meta+K" title="Search or act: Ctrl K" onClick={() => setOpen('palette')}>
        <svg viewBox="0 0 14 14" width="14" height="14" aria-hidden="true">
          <path d="m9.5 9.5 3 3M10.5 6.2a4.3 4.3 0 1 1-8.6 0 4.3 4.3 0 0 1 8.6 0z" fill="none" stroke="currentColor" strokeWidth="1.4" strokeLinecap="round" />
        </svg>
      </Button>
      <Suspense>
        {open === 'palette' && <Palette onClose={close} onHelp={() => setOpen('help')} />}
        {open === 'help' && <KeyHelp areOn={areOn} onOn={setOn} onClose={close} />}
      </Suspense>
    </>
  );
}

function act(command: Command): void {
  if (command.kind === 'filter') {
    document.querySelector<HTMLElement>('main [data-filter], main input[type=search]')?.focus();
    return;
  }
  if (command.kind !== 'move') return;
  const grid = document.querySelector<HTMLElement>('main [role=treegrid]');
  if (grid !== null) {
    grid.focus(); // it has these keys itself
    return;
  }
  const rows = [...document.querySelectorAll('main tbody tr')].flatMap((row) => row.querySelector<HTMLElement>('a') ?? []);
  const at = rows.findIndex((link) => link.closest('tr')?.contains(document.activeElement));
  const next = at < 0 ? (command.by === 1 ? 0 : rows.length - 1) : at + command.by;
  rows[next]?.focus();
}
