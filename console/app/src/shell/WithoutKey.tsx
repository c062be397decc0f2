// What there is without a key where one is asked for: the page that takes it, and the one that asks nothing of the API.
import { Outlet, useRouterState } from '@tanstack/react-router';
import { SignIn } from '../pages/sign-in/SignIn';

export function WithoutKey() {
  const isOfFile = useRouterState({
    select: ({ matches }) => matches.some(({ routeId, params }) => routeId === '/executions/$id' && 'id' in params && params.id === 'file'),
  });
  return isOfFile ? <Outlet /> : <SignIn />;
}
