import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { Engine } from '../../../../src/engines/engine.ts';
import { createIncusEngine } from '../../../../src/engines/incus/incus-engine.ts';

const [ONE, OTHER] = ['1', '2'].map((digit) => `clara-${digit.repeat(24)}`) as [string, string];
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** An Incus with instances, by their own names, that the server calls something; and how often it had to look at all of them. */
async function startIncus(names: Map<string, string>): Promise<{ engine: Engine; searches: () => number }> {
  let searches = 0;
  const folder = await mkdtemp(join(tmpdir(), 'clara-unit-'));
  const toInstance = (name: string) => ({ name, status: 'Stopped', config: { 'user.clara.name': names.get(name) } });
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://incus');
    const own = pathname.split('/')[3];
    if (own === undefined) {
      searches += 1;
      const wanted = searchParams.get('filter')?.split(' eq ')[1];
      const found = [...names.keys()].filter((name) => names.get(name) === wanted);
      response.end(JSON.stringify({ type: 'sync', metadata: found.map(toInstance) }));
    } else if (names.has(own)) response.end(JSON.stringify({ type: 'sync', metadata: toInstance(own) }));
    else response.writeHead(404).end(JSON.stringify({ type: 'error', error: 'Instance not found', error_code: 404 }));
  });
  const socketPath = join(folder, 'incus.sock');
  server.listen(socketPath);
  await once(server, 'listening');
  const engine = createIncusEngine({ socketPath, project: 'p', pool: 'pool' });
  closers.push(async () => {
    await engine.close();
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });
  return { engine, searches: () => searches };
}

it('a sandbox that was seen is looked at under its own name, and all of them only for names that nobody had', async () => {
  const { engine, searches } = await startIncus(new Map([[ONE, 'ann']]));
  for (let at = 0; at < 3; at += 1) expect(await engine.inspect('ann')).toMatchObject({ id: ONE, name: 'ann' });
  expect(searches()).toBe(1);
  expect(await engine.inspect('bob')).toBeNull();
  expect(searches()).toBe(2);
});

it('one that is gone, or has another name by now, is not taken for what it was', async () => {
  const names = new Map([[ONE, 'ann']]);
  const { engine } = await startIncus(names);
  await engine.inspect('ann');
  names.set(ONE, 'cyd');
  expect(await engine.inspect('ann')).toBeNull();
  expect(await engine.inspect('cyd')).toMatchObject({ id: ONE, name: 'cyd' });
  names.delete(ONE);
  names.set(OTHER, 'cyd');
  expect(await engine.inspect('cyd')).toMatchObject({ id: OTHER, name: 'cyd' });
  expect(await engine.inspect(ONE)).toBeNull();
});
