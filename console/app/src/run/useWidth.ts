// The width of an element, as it is laid out.
import { useLayoutEffect, useRef, useState, type RefObject } from 'react';

/** The reference to give to the element, and its width in pixels; 0 before it is laid out. */
export function useWidth<Measured extends HTMLElement>(): [RefObject<Measured | null>, number] {
  const element = useRef<Measured>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const measured = element.current;
    if (measured === null) return;
    const observer = new ResizeObserver(() => setWidth(measured.clientWidth));
    setWidth(measured.clientWidth);
    observer.observe(measured);
    return () => observer.disconnect();
  }, []);
  return [element, width];
}
