import { expect } from 'vitest';
import type { AppParts } from '../../src/app-parts.ts';
import type { RunScript } from '../fakes/fake-run.ts';
import { type FakeApp, speakingOnly, startFakeApp } from './fake-app.ts';
import { keyEntry } from './key-entry.ts';

/** The key of another client than the one that tests use. */
export const OTHER_KEY = 'the key of another';

/** Where sandboxes of the manager's API are. */
export const SANDBOXES = '/api/v1/sandboxes';

/** A sandbox as its making answers it. */
export interface Made {
  readonly container_id: string;
  readonly name: string;
}

/** The path of a sandbox, or of something of it. */
export const at = ({ container_id }: Made, rest = '') => `${SANDBOXES}/${container_id}${rest}`;

/** An app over a fake engine as a client of the manager's API uses it, once `start` has made it. */
export function managerApp(parts: Partial<AppParts> = speakingOnly('manager')) {
  let app: FakeApp;
  return {
    get app() {
      return app;
    },
    start: async (): Promise<void> => {
      const keys = { SANDBOX_API_KEYS: keyEntry('other', OTHER_KEY) };
      app = await startFakeApp(keys, undefined, { ...parts, wait: async () => undefined });
    },
    close: () => app.close(),
    make: async (body: Readonly<Record<string, unknown>> = {}): Promise<Made> => {
      const made = await app.call('POST', SANDBOXES, { image: 'python:3.9', ...body });
      const expected = expect.objectContaining({ container_id: expect.any(String) });
      expect([made.statusCode, made.json()]).toEqual([200, expected]);
      return made.json();
    },
    /** What each agent that is made from now on does when it is to run something. */
    script: (run: RunScript): void => {
      app.engine.onAgent = (agent) => {
        agent.onRun = run;
      };
    },
    statusOf: async (made: Made) => (await app.call('GET', at(made))).json().status,
  };
}
