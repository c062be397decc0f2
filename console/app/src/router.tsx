// The addresses of the console, each with its page, which is loaded when it is opened.
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { readParameters, textsOf, writeParameters } from './addresses';
import { BASE } from './api/endpoint';
import { FILTERS } from './pages/executions/filter';
import { NotFound } from './pages/not-found/NotFound';
import { Broken } from './shell/Broken';
import { Shell } from './shell/Shell';

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyRouteComponent(() => import('./pages/overview/Overview'), 'Overview'),
});

const executions = createRoute({
  getParentRoute: () => root,
  path: '/executions',
  validateSearch: textsOf(...FILTERS, 'after', 'before', 'without'),
  component: lazyRouteComponent(() => import('./pages/executions/Executions'), 'Executions'),
});

const workflows = createRoute({
  getParentRoute: () => root,
  path: '/workflows',
  validateSearch: textsOf('name', 'after'),
  component: lazyRouteComponent(() => import('./pages/workflows/Workflows'), 'Workflows'),
});

const workflow = createRoute({
  getParentRoute: () => root,
  path: '/workflows/$name',
  component: lazyRouteComponent(() => import('./pages/workflow/Workflow'), 'Workflow'),
});

const newWorkflow = createRoute({
  getParentRoute: () => root,
  path: '/workflows/new',
  component: lazyRouteComponent(() => import('./pages/editor/Editor'), 'NewWorkflow'),
});

const editWorkflow = createRoute({
  getParentRoute: () => root,
  path: '/workflows/$name/edit',
  validateSearch: textsOf('run'),
  component: lazyRouteComponent(() => import('./pages/editor/Editor'), 'EditWorkflow'),
});

const workers = createRoute({
  getParentRoute: () => root,
  path: '/workers',
  component: lazyRouteComponent(() => import('./pages/workers/Workers'), 'Workers'),
});

const schedules = createRoute({
  getParentRoute: () => root,
  path: '/schedules',
  validateSearch: textsOf('workflow', 'after', 'name', 'new'),
  component: lazyRouteComponent(() => import('./pages/schedules/Schedules'), 'Schedules'),
});

const expressions = createRoute({
  getParentRoute: () => root,
  path: '/expressions',
  validateSearch: textsOf('expression', 'run', 'block'),
  component: lazyRouteComponent(() => import('./pages/expressions/Expressions'), 'Expressions'),
});

const rules = createRoute({
  getParentRoute: () => root,
  path: '/rules',
  validateSearch: textsOf('after', 'name', 'new'),
  component: lazyRouteComponent(() => import('./pages/rules/Rules'), 'Rules'),
});

const templates = createRoute({
  getParentRoute: () => root,
  path: '/templates',
  validateSearch: textsOf('category', 'after', 'name', 'new'),
  component: lazyRouteComponent(() => import('./pages/templates/Templates'), 'Templates'),
});

const breakers = createRoute({
  getParentRoute: () => root,
  path: '/breakers',
  validateSearch: textsOf('state', 'after', 'service', 'new'),
  component: lazyRouteComponent(() => import('./pages/breakers/Breakers'), 'Breakers'),
});

const webhooks = createRoute({
  getParentRoute: () => root,
  path: '/webhooks',
  validateSearch: textsOf('direction', 'after'),
  component: lazyRouteComponent(() => import('./pages/webhooks/Webhooks'), 'Webhooks'),
});

const webhook = createRoute({
  getParentRoute: () => root,
  path: '/webhooks/$id',
  validateSearch: textsOf('status', 'after', 'event'),
  component: lazyRouteComponent(() => import('./pages/webhooks/Webhook'), 'Webhook'),
});

const secrets = createRoute({
  getParentRoute: () => root,
  path: '/secrets',
  validateSearch: textsOf('after'),
  component: lazyRouteComponent(() => import('./pages/secrets/Secrets'), 'Secrets'),
});

const keys = createRoute({
  getParentRoute: () => root,
  path: '/keys',
  validateSearch: textsOf('after'),
  component: lazyRouteComponent(() => import('./pages/keys/Keys'), 'Keys'),
});

const audit = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  validateSearch: textsOf('after'),
  component: lazyRouteComponent(() => import('./pages/audit/Audit'), 'Audit'),
});

const run = createRoute({
  getParentRoute: () => root,
  path: '/executions/$id',
  component: lazyRouteComponent(() => import('./pages/run/Run'), 'Run'),
});

const compare = createRoute({
  getParentRoute: () => root,
  path: '/executions/$a/compare/$b',
  component: lazyRouteComponent(() => import('./pages/compare/Compare'), 'Compare'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    overview,
    executions,
    run,
    compare,
    workflows,
    newWorkflow,
    workflow,
    editWorkflow,
    workers,
    breakers,
    schedules,
    expressions,
    rules,
    templates,
    webhooks,
    webhook,
    secrets,
    keys,
    audit,
  ]),
  basepath: BASE,
  defaultPreload: 'intent',
  defaultErrorComponent: Broken,
  parseSearch: readParameters,
  stringifySearch: writeParameters,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
