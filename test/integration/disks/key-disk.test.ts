import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { type Answer, type RealServer, startRealServer } from '../../support/real-server.ts';

const KEY = 'key-of-the-team';

let server: RealServer;

async function start(variables: Readonly<Record<string, string>>): Promise<void> {
  const hash = createHash('sha256').update(KEY).digest('hex');
  server = await startRealServer({
    SANDBOX_DISK_LIMIT: '128m',
    SANDBOX_API_KEYS: `team:sha256:${hash};disk=100m`,
    ...variables,
  });
}

afterEach(async () => {
  await server?.close();
});

const asTeam = (method: string, path: string, body?: unknown): Promise<Answer> =>
  server.call(method, path, undefined, {
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    headers: { 'x-api-key': KEY, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
  });

const REFUSED = { status: 507, body: { error: expect.stringMatching(/key team .* 100 MiB/), success: false } };

describe('the disk of a key', () => {
  it('bounds folders, checkpoints, copies and what was deleted with its files kept, and a purge makes room', async () => {
    await start({});
    await asTeam('POST', '/sandbox/one/shell', { command: 'head -c 45M /dev/urandom > big' });
    const taken = await asTeam('POST', '/sandbox/one/checkpoints');
    expect(taken.status).toBe(201);
    expect(await asTeam('POST', '/sandbox/one/checkpoints')).toMatchObject(REFUSED);
    expect(await asTeam('POST', '/sandbox/copy/create', { from: { user_id: 'one' } })).toMatchObject(REFUSED);
    expect(await asTeam('GET', '/sandbox/copy/status')).toMatchObject({ status: 404 });
    // It gives back what it takes.
    expect(await asTeam('POST', `/sandbox/one/checkpoints/${taken.body.id}/restore`)).toMatchObject({ status: 200 });

    await asTeam('POST', '/sandbox/one/shell', { command: 'head -c 20M /dev/urandom > more; sync' });
    expect(await asTeam('POST', '/sandbox/one/file', { path: 'a.txt', content: 'a' })).toMatchObject(REFUSED);
    await asTeam('DELETE', '/sandbox/one');
    expect(await asTeam('POST', '/sandbox/two/create')).toMatchObject(REFUSED);
    // Who made a sandbox is who has its disk, whoever asks.
    expect((await server.call('POST', '/sandbox/two/create')).status).toBe(200);
    await asTeam('DELETE', '/sandbox/one?files=true');
    expect((await asTeam('POST', '/sandbox/three/create')).status).toBe(200);
  });
  it('bounds copies of plain folders by what they take, also where they never run', async () => {
    await start({ SANDBOX_DISK_MECHANISM: 'measure' });
    await asTeam('POST', '/sandbox/one/shell', { command: 'head -c 30M /dev/urandom > big' });
    const taken = await asTeam('POST', '/sandbox/one/checkpoints');
    expect(taken.status).toBe(201);
    expect((await asTeam('POST', '/sandbox/copy/create', { from: { user_id: 'one' } })).status).toBe(200);
    expect(await asTeam('POST', '/sandbox/one/checkpoints')).toMatchObject(REFUSED);
    expect(await asTeam('POST', '/sandbox/more/create', { from: { user_id: 'one' } })).toMatchObject(REFUSED);
    await asTeam('DELETE', '/sandbox/copy?files=true');
    expect((await asTeam('POST', '/sandbox/more/create', { from: { user_id: 'one' } })).status).toBe(200);
  });
  it('of a client of a gateway is bounded as the gateway says, and that of the others is not', async () => {
    const hash = createHash('sha256').update(KEY).digest('hex');
    await start({ SANDBOX_API_KEYS: `gw:sha256:${hash};gateway` });
    const asClient = (name: string, path: string, body?: unknown) =>
      server.call('POST', path, undefined, {
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        headers: {
          ...{ 'x-api-key': KEY, 'x-sandbox-principal': name, 'x-sandbox-limits': `disk=${100 * 2 ** 20}` },
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
      });
    await asClient('bot', '/sandbox/one/shell', { command: 'head -c 45M /dev/urandom > big' });
    expect((await asClient('bot', '/sandbox/one/checkpoints')).status).toBe(201);
    expect(await asClient('bot', '/sandbox/one/checkpoints')).toMatchObject({
      status: 507,
      body: { error: expect.stringMatching(/key gw\/bot .* 100 MiB/) },
    });
    expect((await asClient('chat', '/sandbox/two/create')).status).toBe(200);
  });
});
