import { z } from 'zod';

/** A request of a client. */
export interface SoakRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

/** How a command ended. */
interface Ended {
  readonly stdout: string;
  readonly exitCode: number;
}

/** What a user of one of the APIs asks for whose ids are the server's. */
export interface Surface {
  readonly name: string;
  /** The header that names who asks. */
  credential(user: string, key: string): Readonly<Record<string, string>>;
  readonly make: SoakRequest;
  idOf(made: unknown): string;
  run(id: string, command: string): SoakRequest;
  ended(answer: unknown): Ended;
  /** What none but its owner may see. */
  look(id: string): SoakRequest;
  remove(id: string): SoakRequest;
}

const ended = z
  .object({ stdout: z.string(), exit_code: z.int() })
  .transform(({ stdout, exit_code: exitCode }) => ({ stdout, exitCode }));

const byKey = (_user: string, key: string) => ({ 'x-api-key': key });

const k2: Surface = {
  name: 'k2',
  credential: byKey,
  make: { method: 'POST', path: '/sandboxes', body: { timeout: 3600 } },
  idOf: (made) => z.object({ sandbox_id: z.string() }).parse(made).sandbox_id,
  run: (id, command) => ({ method: 'POST', path: `/sandboxes/${id}/command`, body: { command } }),
  ended: (answer) => ended.parse(answer),
  look: (id) => ({ method: 'GET', path: `/sandboxes/${id}` }),
  remove: (id) => ({ method: 'DELETE', path: `/sandboxes/${id}` }),
};

const manager: Surface = {
  name: 'manager',
  credential: byKey,
  make: { method: 'POST', path: '/api/v1/sandboxes', body: { image: 'python:3.9', resources: { memory: '256m' } } },
  idOf: (made) => z.object({ container_id: z.string() }).parse(made).container_id,
  run: (id, command) => ({ method: 'POST', path: `/api/v1/sandboxes/${id}/exec`, body: { command } }),
  ended: (answer) => ended.parse(answer),
  look: (id) => ({ method: 'GET', path: `/api/v1/sandboxes/${id}` }),
  remove: (id) => ({ method: 'DELETE', path: `/api/v1/sandboxes/${id}` }),
};

const cloud: Surface = {
  name: 'cloud',
  credential: (user, key) => ({ authorization: `Basic ${Buffer.from(`${user}:${key}`).toString('base64')}` }),
  make: { method: 'POST', path: '/api/v1/sandbox/acquire' },
  idOf: (made) => z.object({ sandbox_id: z.string() }).parse(made).sandbox_id,
  run: (id, command) => ({
    method: 'POST',
    path: '/api/v1/execute',
    body: { sandbox_id: id, command: ['sh', '-c', command], timeout: 60 },
  }),
  ended: (answer) => ended.parse(answer),
  look: (id) => ({ method: 'GET', path: `/api/v1/files?sandbox_id=${id}&path=/workspace` }),
  remove: (id) => ({ method: 'POST', path: '/api/v1/sandbox/release', body: { sandbox_id: id } }),
};

/** The APIs beside the native one. */
export const SURFACES: readonly Surface[] = [k2, manager, cloud];
