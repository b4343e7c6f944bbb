import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SandboxError } from '../../../../src/base/errors.ts';
import { e2bApp } from '../../../support/e2b-app.ts';

const e2b = e2bApp();
const { start, call, make, health } = e2b;

beforeEach(() => start());
afterEach(() => e2b.fake.close());

describe('a sandbox whose', () => {
  it.each([
    ['pause', 'pause', (id: string) => call('POST', `/sandboxes/${id}/pause`)],
    ['stop', 'stop', (id: string) => call('POST', `/sandboxes/${id}/pause`, { memory: false })],
    ['removal', 'remove', (id: string) => call('DELETE', `/sandboxes/${id}`)],
  ] as const)('%s fails is there as before', async (_what, verb, end) => {
    const { sandboxID: id } = await make();
    const { engine } = e2b.fake;
    const fail = async () => {
      throw new SandboxError('unavailable', 'The engine is away.');
    };
    Reflect.set(engine, verb, fail);
    expect((await end(id)).statusCode).toBe(503);
    Reflect.deleteProperty(engine, verb);
    expect((await call('GET', `/sandboxes/${id}`)).json().state).toBe('running');
    expect((await health(id)).statusCode).toBe(204);
  });
});
