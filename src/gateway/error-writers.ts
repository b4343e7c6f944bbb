import { renderError as clara } from '../dialects/clara/errors.ts';
import { renderError as cloud } from '../dialects/cloud/errors.ts';
import { renderError as e2b } from '../dialects/e2b/errors.ts';
import { PLANES } from '../dialects/e2b/planes.ts';
import { renderError as k2 } from '../dialects/k2/errors.ts';
import { renderError as manager } from '../dialects/manager/errors.ts';
import { renderError as mcp } from '../dialects/mcp/errors.ts';
import type { ErrorWriter } from '../dialects/outside.ts';

/** How each dialect writes the errors that a gateway has itself. */
export const ERROR_WRITERS: readonly ErrorWriter[] = [
  { name: 'clara', renderError: clara },
  { name: 'k2', paths: ['/sandboxes'], renderError: k2 },
  {
    name: 'manager',
    paths: ['sandboxes', 'volumes', 'metrics', 'networks'].map((first) => `/api/v1/${first}`),
    renderError: manager,
  },
  { name: 'cloud', paths: ['/api/v1'], renderError: cloud },
  { name: 'mcp', paths: ['/mcp'], renderError: mcp },
  ...Object.values(PLANES).map((name) => ({ name, paths: ['/e2b'], renderError: e2b })),
];
