import { z } from 'zod';
import { e2b } from './e2b-surface.ts';
import { mcp } from './mcp-surface.ts';
import { byKey, byStatus, type Ended, fieldOf, type Surface } from './surface.ts';

const ended = z.object({ stdout: z.string(), exit_code: z.int() });

function toEnded(answer: string): Ended {
  const { stdout, exit_code: exitCode } = ended.parse(JSON.parse(answer));
  return { stdout, exitCode };
}

const k2: Surface = {
  ...byStatus,
  name: 'k2',
  credential: byKey,
  make: () => ({ method: 'POST', path: '/sandboxes', body: { timeout: 3600 } }),
  idOf: (made) => fieldOf(made, 'sandbox_id'),
  run: (id, command) => ({ method: 'POST', path: `/sandboxes/${id}/command`, body: { command } }),
  ended: toEnded,
  look: (id) => ({ method: 'GET', path: `/sandboxes/${id}` }),
  remove: (id) => ({ method: 'DELETE', path: `/sandboxes/${id}` }),
};

const manager: Surface = {
  ...byStatus,
  name: 'manager',
  credential: byKey,
  make: () => ({
    method: 'POST',
    path: '/api/v1/sandboxes',
    body: { image: 'python:3.9', resources: { memory: '256m' } },
  }),
  idOf: (made) => fieldOf(made, 'container_id'),
  run: (id, command) => ({ method: 'POST', path: `/api/v1/sandboxes/${id}/exec`, body: { command } }),
  ended: toEnded,
  look: (id) => ({ method: 'GET', path: `/api/v1/sandboxes/${id}` }),
  remove: (id) => ({ method: 'DELETE', path: `/api/v1/sandboxes/${id}` }),
};

const cloud: Surface = {
  ...byStatus,
  name: 'cloud',
  credential: (user, key) => ({ authorization: `Basic ${Buffer.from(`${user}:${key}`).toString('base64')}` }),
  make: () => ({ method: 'POST', path: '/api/v1/sandbox/acquire' }),
  idOf: (made) => fieldOf(made, 'sandbox_id'),
  run: (id, command) => ({
    method: 'POST',
    path: '/api/v1/execute',
    body: { sandbox_id: id, command: ['sh', '-c', command], timeout: 60 },
  }),
  ended: toEnded,
  look: (id) => ({ method: 'GET', path: `/api/v1/files?sandbox_id=${id}&path=/workspace` }),
  remove: (id) => ({ method: 'POST', path: '/api/v1/sandbox/release', body: { sandbox_id: id } }),
};

/** The APIs beside the native one. */
export const SURFACES: readonly Surface[] = [k2, manager, cloud, e2b, mcp];
