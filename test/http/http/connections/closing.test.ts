import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createDeferred } from '../../../../src/async/deferred.ts';
import { FakeEngine } from '../../../fakes/fake-engine.ts';
import { API_KEY, type FakeApp, startNativeApp } from '../../../support/fake-app.ts';
import { RawClient } from '../../../support/raw-client.ts';
import { until } from '../../../support/until.ts';
import { withoutWaiting } from '../../../support/without-waiting.ts';

const closers: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function listen(
  engine = new FakeEngine(),
  variables = {},
): Promise<{ fake: FakeApp; url: string; port: number }> {
  const fake = await startNativeApp(variables, engine, { closingLimits: { callsMs: 0, answersMs: 1_000 } });
  closers.push(() => fake.close());
  const url = await fake.app.listen({ host: '127.0.0.1', port: 0 });
  return { fake, url, port: (fake.app.server.address() as AddressInfo).port };
}

async function post(url: string, body?: object): Promise<{ status: number; body: unknown; retryAfter: string | null }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'x-api-key': API_KEY, 'content-type': 'application/json' },
    body: JSON.stringify(body ?? {}),
  });
  return { status: response.status, body: await response.json(), retryAfter: response.headers.get('retry-after') };
}

describe('a server that closes', () => {
  it('ends what still runs with a result that says so', async () => {
    const engine = new FakeEngine();
    const begun = createDeferred<void>();
    engine.onAgent = (agent) => {
      agent.onRun = async () => {
        begun.resolve();
        return await new Promise(() => undefined);
      };
    };
    const { fake, url } = await listen(engine);
    const running = post(`${url}/sandbox/u/execute`, { code: 'forever()' });
    await begun.promise;
    const closing = fake.app.close();
    const error = expect.stringMatching(/^The server was stopped/);
    expect(await running).toMatchObject({ status: 200, body: { success: false, error, exit_code: 137 } });
    await closing;
  });

  it.each([
    ['a create', 'create'],
    ['a call whose sandbox is still starting', 'shell'],
  ])('answers %s that waits for the engine', async (_what, verb) => {
    const { fake, url } = await listen();
    const gate = fake.engine.hold('create');
    const waiting = post(`${url}/sandbox/u/${verb}`, verb === 'shell' ? { command: 'true' } : {});
    await gate.reached;
    const closing = fake.app.close();
    expect(await waiting).toMatchObject({
      status: 503,
      body: { error: 'The server is being stopped; try again in a moment.' },
      retryAfter: '5',
    });
    await closing;
  });

  it('does not wait for a client that never ends its request', async () => {
    const { fake, port } = await listen();
    const client = await RawClient.open(port);
    closers.push(() => client.leave());
    const arrived = once(fake.app.server, 'request');
    const headers = ['Host: x', `X-API-Key: ${API_KEY}`, 'Content-Type: application/json', 'Content-Length: 9'];
    client.send(['POST /sandbox/u/shell HTTP/1.1', ...headers, '', '{'].join('\r\n'));
    await arrived;
    await fake.app.close();
    expect(await client.end()).toBe('');
  });

  it('writes its records where the engine does not answer any more', async () => {
    const { fake, url } = await listen(new FakeEngine(), { SANDBOX_POOL_SIZE: '1' });
    await post(`${url}/sandbox/u/shell`, { command: 'true' });
    await until('the pool has made its sandbox', () => fake.engine.sandboxes.size >= 2);
    const gate = fake.engine.hold('remove');
    closers.push(() => gate.release());
    await withoutWaiting(() => fake.app.close());
    fake.engine.revive();
    const second = await startNativeApp({ SANDBOX_DATA_DIR: fake.dataDir }, fake.engine);
    closers.push(() => second.close());
    expect((await second.call('GET', '/sandbox/u/status')).json()).toMatchObject({ execution_count: 1 });
  });
});
