// Starts the console: the API's client, and the page that the address names.
import './look/base.css';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Api } from './api/Api';
import './api/largeIntegers';
import { applyTheme } from './look/theme';
import { router } from './router';

applyTheme();
// Its address is relative to that of the page, which changes while the page stays.
const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
icon?.setAttribute('href', icon.href);
const root = document.getElementById('root');
if (root === null) throw new Error('The page has no element for the console.');
createRoot(root).render(
  <StrictMode>
    <Api>
      <RouterProvider router={router} />
    </Api>
  </StrictMode>,
);
