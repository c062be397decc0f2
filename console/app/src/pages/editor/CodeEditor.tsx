// An editor of YAML or JSON. It lives in a shadow root: styles that it makes there are no inline styles to the policy.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { search, searchKeymap } from '@codemirror/search';
import { EditorState, type Extension } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from '@codemirror/view';
import { useEffect, useImperativeHandle, useLayoutEffect, useRef, type Ref } from 'react';
import type { Offers } from './complete';
import { HIGHLIGHTS, LOOK } from './look';
import type { Language, Span } from './text';
import style from './Editor.module.css';

export interface Mark extends Span {
  readonly message: string;
}

export interface EditorHandle {
  /** Goes to a place in the text, and takes the focus. */
  readonly show: (span: Span) => void;
  /** Puts another text in the place of all of it; one step to undo. */
  readonly replace: (text: string) => void;
}

export interface CodeEditorProps {
  readonly label: string;
  readonly ref: Ref<EditorHandle>;
  readonly language: Language;
  /** The text at first. */
  readonly initial: string;
  readonly marks: readonly Mark[];
  readonly offers: (text: string, position: number) => Offers | null;
  readonly onChange: (text: string) => void;
}

export function CodeEditor({ label, ref, language, initial, marks, offers, onChange }: CodeEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const text = useRef(initial);
  const now = useRef({ offers, onChange });
  useEffect(() => {
    now.current = { offers, onChange };
  });

  useLayoutEffect(() => {
    const element = host.current;
    if (element === null) return;
    const root = element.shadowRoot ?? element.attachShadow({ mode: 'open' });
    const made = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: text.current,
        extensions: [
          ...BASICS,
          language === 'json' ? json() : yaml(),
          EditorView.contentAttributes.of({ 'aria-label': label }),
          autocompletion({ override: [(context) => completionOf(context, now.current.offers)], icons: false }),
          EditorView.updateListener.of((update) => {
            if (!update.docChanged) return;
            text.current = update.state.doc.toString();
            now.current.onChange(text.current);
          }),
        ],
      }),
    });
    view.current = made;
    return () => {
      made.destroy();
      view.current = null;
    };
  }, [label, language]);

  useEffect(() => {
    const state = view.current?.state;
    if (state === undefined) return;
    const end = state.doc.length;
    const diagnostics = marks.map(({ from, to, message }) => ({
      from: Math.min(from, end),
      to: Math.min(Math.max(to, from), end),
      severity: 'error' as const,
      message,
    }));
    view.current?.dispatch(setDiagnostics(state, diagnostics));
  }, [marks]);

  useImperativeHandle(ref, () => ({
    show({ from }) {
      const shown = view.current;
      if (shown === null) return;
      const anchor = Math.min(from, shown.state.doc.length);
      shown.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: 'center' }) });
      shown.focus();
    },
    replace(next) {
      const shown = view.current;
      shown?.dispatch({ changes: { from: 0, to: shown.state.doc.length, insert: next } });
    },
  }));

  return <div ref={host} className={style.editor} />;
}

const BASICS: readonly Extension[] = [
  lineNumbers(),
  highlightActiveLine(),
  highlightActiveLineGutter(),
  history(),
  drawSelection(),
  indentOnInput(),
  indentUnit.of('  '),
  bracketMatching(),
  closeBrackets(),
  lintGutter(),
  search({ top: true }),
  syntaxHighlighting(HIGHLIGHTS),
  LOOK,
  // Tab leaves the editor, as everywhere in a page; Ctrl-] and Ctrl-[ indent.
  keymap.of([...closeBracketsKeymap, ...completionKeymap, ...searchKeymap, ...historyKeymap, ...lintKeymap, ...defaultKeymap]),
];

function completionOf(context: CompletionContext, offers: CodeEditorProps['offers']): CompletionResult | null {
  const before = context.state.sliceDoc(Math.max(0, context.pos - 200), context.pos);
  if (!context.explicit && !/[\w.{]$|:\s$|-\s$/.test(before)) return null;
  const found = offers(context.state.doc.toString(), context.pos);
  if (found === null) return null;
  return {
    from: found.from,
    validFor: /^[\w-]*$/,
    options: found.offers.map(({ label, text, detail, info, kind }, place) => ({
      label,
      apply: text,
      type: kind,
      boost: -Math.min(place, 98),
      ...(detail !== '' && { detail }),
      ...(info !== '' && { info }),
    })),
  };
}
