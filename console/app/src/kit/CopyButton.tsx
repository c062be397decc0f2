// Copies a text, and says that it did.
import { useEffect, useState } from 'react';
import style from './CopyButton.module.css';

export function CopyButton({ text, what }: { readonly text: string; readonly what: string }) {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), 1_500);
    return () => clearTimeout(timer);
  }, [isCopied]);
  async function copy(): Promise<void> {
    await navigator.clipboard.writeText(text);
    setCopied(true);
  }
  return (
    <button type="button" className={style.copy} aria-label={isCopied ? 'Copied' : `Copy ${what}`} title={`Copy ${what}`} onClick={() => void copy()}>
      <svg viewBox="0 0 14 14" width="14" height="14" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="1.3" strokeLinecap="round" strokeLinejoin="round">
        {isCopied ? <path d="m3 7.5 2.7 2.7L11 4.4" /> : <path d="M4.5 4.5h6.7v6.7H4.5zM2.8 9.2V2.8h6.4" />}
      </svg>
      <span className="unseen" aria-live="polite">
        {isCopied ? 'Copied' : ''}
      </span>
    </button>
  );
}
