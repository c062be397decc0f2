// What is asked for anew a moment after something has changed, such as a form.
import { useEffect, useState } from 'react';

const PAUSE = 250; // ms

/**
 * The answer to `ask`; undefined while it is asked for. `of` is the text of what is asked, so that an answer is never shown
 * for another question; null for a form that is not filled in, for which nothing is asked. An answer of null is none.
 */
export function useSettled<Answer extends object>(of: string | null, ask: () => Promise<Answer | null>): Answer | undefined {
  const [found, setFound] = useState<{ readonly of: string; readonly answer: Answer }>();
  useEffect(() => {
    if (of === null) return;
    let isStopped = false;
    const timer = setTimeout(() => {
      void ask().then((answer) => {
        if (!isStopped && answer !== null) setFound({ of, answer });
      });
    }, PAUSE);
    return () => {
      isStopped = true;
      clearTimeout(timer);
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `of` says what `ask` asks
  }, [of]);
  return found?.of === of ? found.answer : undefined;
}
