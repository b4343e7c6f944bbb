import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { createIncusEngine } from '../../../../src/engines/incus/incus-engine.ts';
import { specFor } from '../../../contract/spec-for.ts';

const FINGERPRINT = 'a'.repeat(64);
const LEFT = `clara-${'1'.repeat(24)}`;
const LABELS = { 'clara.instance': 'one' };

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly body: { readonly config?: Readonly<Record<string, string>> };
}

/** An Incus whose usual project has an image that has to be prepared, and what a preparation of before has left. */
async function startIncus(): Promise<{ socketPath: string; asked: Asked[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'clara-unit-'));
  const asked: Asked[] = [];
  const left = { name: LEFT, status: 'Stopped', config: { 'user.clara.label.clara.instance': 'one' } };
  const answerTo = (method: string, url: string): unknown => {
    if (url.startsWith('/1.0/instances?project=default') && method === 'GET') return [left];
    if (url === '/1.0/images/aliases/mine?project=default') return { target: FINGERPRINT };
    if (url === `/1.0/images/${FINGERPRINT}?project=default`) return { properties: {} };
    if (url.startsWith('/1.0/resources')) return { cpu: { total: 2 }, memory: { total: 2 ** 30 } };
    if (url.startsWith('/1.0/instances?project=p') && method === 'GET') return [];
    if (url.startsWith('/1.0/projects/')) return {};
    if (url.startsWith('/1.0/warnings')) return [];
    return url.startsWith('/1.0?') ? { auth: 'trusted' } : undefined;
  };
  const server = createServer(async (request, response) => {
    const { method = '', url = '' } = request;
    const text = (await request.setEncoding('utf8').toArray()).join('');
    asked.push({ method, url, body: text === '' ? {} : JSON.parse(text) });
    const metadata = answerTo(method, url);
    const isThere = metadata !== undefined || ['POST', 'DELETE'].includes(method);
    if (isThere) response.end(JSON.stringify({ type: 'sync', metadata: metadata ?? null }));
    else response.writeHead(404).end(JSON.stringify({ type: 'error', error: 'not found', error_code: 404 }));
  });
  const socketPath = join(folder, 'incus.sock');
  server.listen(socketPath);
  await once(server, 'listening');
  closers.push(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });
  return { socketPath, asked };
}

function open(socketPath: string) {
  const engine = createIncusEngine({ socketPath, project: 'p', pool: 'pool' });
  closers.push(() => engine.close());
  return engine;
}

it('what an image is prepared in carries the labels of the sandbox that it is for', async () => {
  const { socketPath, asked } = await startIncus();
  await expect(open(socketPath).create(specFor('mine', LABELS))).rejects.toMatchObject({ kind: 'invalid' });
  const made = asked.filter(({ method, url }) => method === 'POST' && url.startsWith('/1.0/instances'));
  expect(made.map(({ body }) => body.config)).toEqual([
    { 'user.clara.label.clara.instance': 'one' },
    { 'user.clara.label.clara.instance': 'one' },
  ]);
});

it('the first look of a server removes what one has left that was killed while it prepared an image', async () => {
  const { socketPath, asked } = await startIncus();
  const engine = open(socketPath);
  expect(await engine.list(LABELS)).toEqual([]);
  expect(await engine.list(LABELS)).toEqual([]);
  const removed = asked.filter(({ method }) => method === 'DELETE').map(({ url }) => url);
  expect(removed).toEqual([`/1.0/instances/${LEFT}?project=default`]);
});
