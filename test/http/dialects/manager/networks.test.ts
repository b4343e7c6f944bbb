import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeApp, speakingOnly, startFakeApp } from '../../../support/fake-app.ts';
import { keyEntry } from '../../../support/key-entry.ts';

const OTHER_KEY = 'the key of another';

const PREFIX = '/api/v1';

let app: FakeApp;

const start = async (variables: Readonly<Record<string, string>> = {}) => {
  const keys = keyEntry('other', OTHER_KEY);
  app = await startFakeApp({ SANDBOX_API_KEYS: keys, ...variables }, undefined, speakingOnly('manager'));
};

afterEach(() => app.close());

async function make(name: string): Promise<void> {
  const made = await app.call('POST', `${PREFIX}/sandboxes`, { image: 'python:3.9', name });
  expect(made.statusCode).toBe(200);
}

const change = (name: string, network: string, verb: 'connect' | 'disconnect') =>
  app.call('POST', `${PREFIX}/sandboxes/${name}/networks/${network}/${verb}`);

const networks = async () => (await app.call('GET', `${PREFIX}/networks`)).json().networks;

describe('a network of SandboxClient of New-dev0/Sandbox', () => {
  beforeEach(() => start());

  it('is made by the first sandbox that is connected, and goes with the last', async () => {
    await make('web');
    await make('db');
    for (const name of ['web', 'db', 'db']) {
      expect((await change(name, 'backend', 'connect')).json()).toEqual({ status: 'connected' });
    }
    expect(await networks()).toEqual([
      {
        name: 'backend',
        sandboxes: [expect.objectContaining({ name: 'web' }), expect.objectContaining({ name: 'db' })],
      },
    ]);
    const shown = await app.call('GET', `${PREFIX}/sandboxes/web`);
    expect(shown.json()).toMatchObject({ networks: ['backend'] });
    expect((await change('web', 'backend', 'disconnect')).json()).toEqual({ status: 'disconnected' });
    expect((await change('web', 'backend', 'disconnect')).statusCode).toBe(404);
    await app.call('DELETE', `${PREFIX}/sandboxes/db`);
    expect(await networks()).toEqual([]);
  });

  it('is left by all sandboxes at once where it is deleted', async () => {
    await make('web');
    await change('web', 'one', 'connect');
    await change('web', 'two', 'connect');
    expect((await app.call('DELETE', `${PREFIX}/networks/one`)).json()).toEqual({ status: 'deleted' });
    expect((await app.call('DELETE', `${PREFIX}/networks/one`)).statusCode).toBe(404);
    expect(await networks()).toMatchObject([{ name: 'two' }]);
  });

  it.each(['host', 'bridge', 'none', 'Upper', '-dash', 'a'.repeat(64), 'a%20b'])(
    'has not the name %s',
    async (name) => {
      await make('web');
      const answer = await change('web', name, 'connect');
      expect([answer.statusCode, answer.json()]).toEqual([422, { detail: expect.stringContaining('network') }]);
    },
  );

  it('is of the key that made it alone', async () => {
    await make('web');
    await change('web', 'backend', 'connect');
    const headers = { 'x-api-key': OTHER_KEY };
    const made = await app.inject({
      ...{ method: 'POST', url: `${PREFIX}/sandboxes`, headers },
      payload: { image: 'python:3.9', name: 'theirs' },
    });
    expect(made.statusCode).toBe(200);
    const theirs = `${PREFIX}/sandboxes/theirs/networks/backend/connect`;
    const answer = await app.inject({ method: 'POST', url: theirs, headers });
    expect([answer.statusCode, answer.json()]).toEqual([409, { detail: expect.stringContaining('backend') }]);
    const mine = `${PREFIX}/sandboxes/web/networks/backend/disconnect`;
    expect((await app.inject({ method: 'POST', url: mine, headers })).statusCode).toBe(404);
    const listed = await app.inject({ method: 'GET', url: `${PREFIX}/networks`, headers });
    expect(listed.json()).toEqual({ networks: [] });
    expect((await app.inject({ method: 'DELETE', url: `${PREFIX}/networks/backend`, headers })).statusCode).toBe(404);
  });

  it('is one of 16 at the most', async () => {
    await make('web');
    for (let at = 0; at < 16; at += 1) expect((await change('web', `net-${at}`, 'connect')).statusCode).toBe(200);
    const answer = await change('web', 'net-16', 'connect');
    expect([answer.statusCode, answer.json()]).toEqual([409, { detail: expect.stringContaining('16') }]);
  });

  it('outlives the server', async () => {
    await make('web');
    await change('web', 'backend', 'connect');
    const { dataDir, engine } = app;
    await app.app.close();
    await start({ SANDBOX_DATA_DIR: dataDir });
    expect(engine.sandboxes.size).toBe(1);
    expect(await networks()).toMatchObject([{ name: 'backend', sandboxes: [{ name: 'web' }] }]);
  });

  it('is of no sandbox that there is not, or is another key’s, whatever its name is', async () => {
    await make('web');
    await change('web', 'backend', 'connect');
    const url = `${PREFIX}/sandboxes/web/networks/backend/connect`;
    const theirs = await app.inject({ method: 'POST', url, headers: { 'x-api-key': OTHER_KEY } });
    expect([theirs.statusCode, theirs.json()]).toEqual([404, { detail: 'Sandbox not found' }]);
    expect((await change('nobody', 'backend', 'connect')).json()).toEqual({ detail: 'Sandbox not found' });
  });
});

describe('SandboxClient of New-dev0/Sandbox at a server without proxies', () => {
  it.each(['none', 'bridge'])('has no networks of that kind: %s', async (network) => {
    await start({ SANDBOX_NETWORK: network });
    await make('web');
    const answer = await change('web', 'backend', 'connect');
    expect([answer.statusCode, answer.json()]).toEqual([409, { detail: expect.stringContaining('SANDBOX_NETWORK') }]);
  });
});
