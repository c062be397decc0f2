// What the address says of a run's page: which view is shown, and what is selected in it.
import { useNavigate, useSearch } from '@tanstack/react-router';
import { readSelection, writeSelection, type Selection } from './paths';
import { readView, type View } from './ViewBar';

export interface RunAddress {
  readonly view: View;
  readonly selection: Selection | null;
  readonly onView: (view: View) => void;
  readonly onSelect: (selection: Selection | null) => void;
}

export function useRunAddress(): RunAddress {
  const search: Record<string, unknown> = useSearch({ strict: false });
  const navigate = useNavigate();
  const selection = readSelection(search);
  const view = readView(search.view);

  function go(next: { readonly view: View; readonly selection: Selection | null }): void {
    const written = { ...writeSelection(next.selection), ...(next.view === 'timeline' ? {} : { view: next.view }) };
    void navigate({ to: '.', search: () => written, replace: true, resetScroll: false });
  }

  return {
    view,
    selection,
    onView: (next) => go({ view: next, selection }),
    onSelect: (next) => go({ view, selection: next }),
  };
}
