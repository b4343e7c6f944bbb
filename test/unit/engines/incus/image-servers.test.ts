import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Engine } from '../../../../src/engines/engine.ts';
import { createIncusEngine } from '../../../../src/engines/incus/incus-engine.ts';

const NAME = 'images:debian/12/cloud';
const FINGERPRINT = 'a'.repeat(64);

const closers: (() => unknown)[] = [];
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clara-unit-'));
  closers.push(() => rm(folder, { recursive: true }));
  vi.stubEnv('HOME', folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  for (const close of closers.splice(0).reverse()) await close();
});

interface FakeIncus {
  readonly loaded: { readonly aliases: readonly { readonly name: string }[] }[];
  /** Why it refuses to load one. */
  refusal: string | null;
  /** True where it has loaded one that it says it has not. */
  losesAnswers: boolean;
  /** How often it was told to load one. */
  loads: number;
  /** A server's engine that may have these images loaded. */
  open(...images: readonly string[]): Engine;
}

/** An Incus without images, which loads what it is told to unless there is a reason against it. */
async function startIncus(): Promise<FakeIncus> {
  const socketPath = join(folder, 'incus.sock');
  const open = (...images: readonly string[]) => {
    const engine = createIncusEngine({ socketPath, project: 'p', pool: 'p', images });
    closers.push(() => engine.close());
    return engine;
  };
  const incus: FakeIncus = { loaded: [], refusal: null, losesAnswers: false, loads: 0, open };
  const server = createServer(async (request, response) => {
    const body = (await request.setEncoding('utf8').toArray()).join('');
    const { pathname } = new URL(request.url ?? '', 'http://incus');
    const answer = (metadata: unknown) => response.end(JSON.stringify({ type: 'sync', metadata }));
    const refuse = (status: number, error: string) =>
      response.writeHead(status).end(JSON.stringify({ type: 'error', error, error_code: status }));
    if (request.method === 'POST') {
      incus.loads += 1;
      if (incus.refusal === null || incus.losesAnswers) incus.loaded.push(JSON.parse(body));
      return incus.refusal === null ? answer(null) : refuse(500, incus.refusal);
    }
    const alias = decodeURIComponent(/^\/1\.0\/images\/aliases\/(.*)$/.exec(pathname)?.[1] ?? '');
    const isThere = incus.loaded.some(({ aliases }) => aliases.some(({ name }) => name === alias));
    return isThere ? answer({ target: FINGERPRINT }) : refuse(404, 'Image alias not found');
  });
  await once(server.listen(socketPath), 'listening');
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return incus;
}

/** What the incus command knows of other machines and image servers. */
async function writeRemotes(text: string): Promise<void> {
  await mkdir(join(folder, '.config', 'incus'), { recursive: true });
  await writeFile(join(folder, '.config', 'incus', 'config.yml'), text);
}

const REMOTES = `
remotes:
  mirror: { addr: https://mirror.example, protocol: simplestreams, public: true }
  office: { addr: https://office.example:8443 }
`;

it('an image of the usual image server is loaded once, whoever asks for it', async () => {
  const incus = await startIncus();
  const engine = incus.open(NAME);
  for (let round = 0; round < 2; round += 1) await Promise.all([1, 2, 3].map(() => engine.loadImage(NAME)));
  expect(await engine.imageId(NAME)).toBe(`sha256:${FINGERPRINT}`);
  const server = 'https://images.linuxcontainers.org';
  const place = { server, alias: 'debian/12/cloud', image_type: 'container' };
  const source = { type: 'image', mode: 'pull', protocol: 'simplestreams', ...place };
  expect(incus.loaded).toEqual([{ source, aliases: [{ name: NAME }] }]);
});

it('an image server is one that the incus command of this user knows, and loaded is what the operator lists', async () => {
  await writeRemotes(REMOTES);
  const incus = await startIncus();
  const engine = incus.open('mirror:mine', 'office:mine', 'absent:mine', 'clara-sandbox', 'images:*', '*');
  const names = ['mirror:mine', 'office:mine', 'absent:mine', 'clara-sandbox', 'mirror:other', NAME];
  expect(names.filter((name) => engine.traits.images.isServed(name))).toEqual(['mirror:mine']);
  for (const name of names) await engine.loadImage(name);
  expect(incus.loaded).toMatchObject([{ source: { server: 'https://mirror.example', alias: 'mine' } }]);
});

it('where nothing can be read of image servers an image that is there is none that is missing, and others are told', async () => {
  await writeRemotes('remotes: { mirror: [');
  const incus = await startIncus();
  const engine = incus.open('mirror:mine', 'clara-sandbox:latest');
  expect(engine.traits.images.isServed('mirror:mine')).toBe(false);
  incus.loaded.push({ aliases: [{ name: 'clara-sandbox:latest' }] });
  await engine.loadImage('clara-sandbox:latest');
  await expect(engine.loadImage('mirror:mine')).rejects.toMatchObject({
    kind: 'invalid',
    message: expect.stringMatching(/^The image mirror:mine is not there, .*config\.yml cannot be read/),
  });
  expect(incus.loads).toBe(0);
});

it.each([
  ["Failed getting remote image info: The requested image couldn't be found", 'invalid', /is not on https:/],
  ['Get "https://images.linuxcontainers.org/streams/v1/index.json": no such host', 'unavailable', /no such host/],
])('a server that says %s is told to all who wait, and not asked again at once', async (refusal, kind, message) => {
  const incus = await startIncus();
  incus.refusal = refusal;
  const engine = incus.open(NAME);
  const failure = { status: 'rejected', reason: { kind, message: expect.stringMatching(message) } };
  const load = async () => await Promise.allSettled([engine.loadImage(NAME), engine.loadImage(NAME)]);
  for (let round = 0; round < 2; round += 1) expect(await load()).toMatchObject([failure, failure]);
  expect(incus.loads).toBe(1);
  const laterMs = performance.now() + 10_000;
  vi.spyOn(performance, 'now').mockImplementation(() => laterMs);
  incus.refusal = null;
  await engine.loadImage(NAME);
  expect(incus.loads).toBe(2);
});

it('an image that is there after all was loaded, whatever Incus has answered', async () => {
  const incus = await startIncus();
  Object.assign(incus, { refusal: 'the answer is lost', losesAnswers: true });
  await incus.open(NAME).loadImage(NAME);
  expect(incus.loads).toBe(1);
});
