// What is around every page: the way around, the state of the connection, and the key.
import { Link, Outlet, useRouterState } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useRef } from 'react';
import { useSession } from '../api/session';
import { ConnectionState } from './ConnectionState';
import { KeyMenu } from './KeyMenu';
import { Navigation } from './Navigation';
import style from './Shell.module.css';
import { ThemeMenu } from './ThemeMenu';

const Keys = lazy(() => import('./Keys').then((module) => ({ default: module.Keys })));
const WithoutKey = lazy(() => import('./WithoutKey').then((module) => ({ default: module.WithoutKey })));

export function Shell() {
  const { isAsked } = useSession();
  useFocusOnNewPage();
  return (
    <>
      <a className={style.skip} href="#main">
        Skip to the content
      </a>
      <header className={style.bar}>
        <Link to="/" className={style.brand}>
          <Mark /> Stepgraph
        </Link>
        {isAsked ? <span /> : <Navigation />}
        <div className={style.end}>
          <ConnectionState />
          <Suspense>{!isAsked && <Keys />}</Suspense>
          <ThemeMenu />
          <KeyMenu />
        </div>
      </header>
      {isAsked ? (
        <Suspense>
          <WithoutKey />
        </Suspense>
      ) : (
        <Outlet />
      )}
    </>
  );
}

/** A new page is read from its beginning, also by those who hear it. */
function useFocusOnNewPage(): void {
  const path = useRouterState({ select: (state) => state.resolvedLocation?.pathname });
  const before = useRef(path);
  useEffect(() => {
    if (before.current !== undefined && before.current !== path) document.getElementById('main')?.focus({ preventScroll: true });
    before.current = path;
  }, [path]);
}

function Mark() {
  return (
    <svg viewBox="0 0 32 32" width="20" height="20" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#143d46" />
      <path d="M9 9v6a4 4 0 0 0 4 4h10M9 15v8" fill="none" stroke="#7fd6c2" strokeWidth="2.5" strokeLinecap="round" />
      <g fill="#fff">
        <circle cx="9" cy="8" r="3.6" />
        <circle cx="9" cy="24" r="3.6" />
      </g>
      <circle cx="23.5" cy="19" r="3.6" fill="#ffb454" />
    </svg>
  );
}
