import { z } from 'zod';
import { byKey, byStatus, type Ended, fieldOf, type Surface } from './surface.ts';

const INTERPRETER_PORT = '49999';

const line = z.object({ type: z.string(), text: z.string().optional(), value: z.string().optional() });

/** A sandbox of E2B's clients: commands are cells of its interpreter, in the language bash. */
export const e2b: Surface = {
  ...byStatus,
  cutsWhereGone: true,
  name: 'e2b',
  credential: byKey,
  make: () => ({
    method: 'POST',
    path: '/e2b/sandboxes',
    body: { templateID: 'base', timeout: 3600, secure: false },
  }),
  idOf: (made) => fieldOf(made, 'sandboxID'),
  run: (id, command) => ({
    method: 'POST',
    path: '/execute',
    body: { code: command, language: 'bash' },
    headers: { 'e2b-sandbox-id': id, 'e2b-sandbox-port': INTERPRETER_PORT },
  }),
  ended: toEnded,
  look: (id) => ({ method: 'GET', path: `/e2b/sandboxes/${id}` }),
  remove: (id) => ({ method: 'DELETE', path: `/e2b/sandboxes/${id}` }),
};

/** Code that did not come to its end has said why in a line of its own, or has no last line. */
function toEnded(answer: string): Ended {
  const lines = answer
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => line.parse(JSON.parse(text)));
  const stdout = lines.map(({ type, text }) => (type === 'stdout' ? text : '')).join('');
  const isWell = lines.at(-1)?.type === 'end_of_execution' && lines.every(({ type }) => type !== 'error');
  return { stdout, exitCode: isWell ? 0 : 1 };
}
