import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ImageGrounds } from '../../../../src/engines/incus/image-grounds.ts';
import { IncusCalls } from '../../../../src/engines/incus/incus-calls.ts';
import { MachineGrounds } from '../../../../src/engines/incus/machines/machine-grounds.ts';
import { Preparations } from '../../../../src/engines/incus/preparations.ts';
import { INCUS_TRAITS } from '../../../../src/engines/incus/traits.ts';

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
  for (const close of closers.splice(0).reverse()) await close();
});

interface Loading {
  readonly source: { readonly image_type: string };
  readonly aliases: readonly { readonly name: string }[];
}

/** An Incus without images, which loads what it is told to unless there is a reason against it, and of which nothing has to be prepared. */
async function startIncus(refusal?: string): Promise<{ readonly calls: IncusCalls; readonly loaded: Loading[] }> {
  const loaded: Loading[] = [];
  const answerTo = (path: string): unknown => {
    const [image] = loaded;
    if (image === undefined) return undefined;
    if (path === `/1.0/images/${FINGERPRINT}`)
      return { type: image.source.image_type, properties: { 'clara.prepared': 'b' } };
    const alias = decodeURIComponent(/^\/1\.0\/images\/aliases\/(.*)$/.exec(path)?.[1] ?? '');
    return image.aliases.some(({ name }) => name === alias) ? { target: FINGERPRINT } : undefined;
  };
  const server = createServer(async (request, response) => {
    const body = (await request.setEncoding('utf8').toArray()).join('');
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://incus');
    const refuse = (status: number, error: string) =>
      response.writeHead(status).end(JSON.stringify({ type: 'error', error, error_code: status }));
    if (request.method === 'POST') {
      if (refusal !== undefined) return refuse(500, refusal);
      loaded.push(JSON.parse(body));
      return response.end(JSON.stringify({ type: 'sync', metadata: null }));
    }
    const found = searchParams.get('project') === 'p' ? answerTo(pathname) : undefined;
    if (found === undefined) return refuse(404, 'Image alias not found');
    return response.end(JSON.stringify({ type: 'sync', metadata: found }));
  });
  const socketPath = join(folder, 'incus.sock');
  await once(server.listen(socketPath), 'listening');
  const calls = new IncusCalls({ socketPath, project: 'p' }, 5_000);
  closers.push(async () => {
    await calls.close();
    server.closeAllConnections();
    server.close();
  });
  return { calls, loaded };
}

const containersOf = (calls: IncusCalls) => new ImageGrounds({ calls, pool: 'p', preparations: new Preparations() });

it('an image of the usual image server is loaded once, whoever asks for it', async () => {
  const { calls, loaded } = await startIncus();
  const grounds = containersOf(calls);
  const found = await Promise.all([1, 2, 3].map(() => grounds.of({ image: NAME, labels: {} })));
  expect(found.map(({ fingerprint }) => fingerprint)).toEqual([FINGERPRINT, FINGERPRINT, FINGERPRINT]);
  const source = {
    type: 'image',
    mode: 'pull',
    protocol: 'simplestreams',
    server: 'https://images.linuxcontainers.org',
  };
  expect(loaded).toEqual([
    { source: { ...source, alias: 'debian/12/cloud', image_type: 'container' }, aliases: [{ name: NAME }] },
  ]);
});

it('virtual machines get an image of theirs', async () => {
  const { calls, loaded } = await startIncus();
  expect(await new MachineGrounds(calls).of({ image: NAME })).toMatchObject({ fingerprint: FINGERPRINT });
  expect(loaded).toMatchObject([{ source: { image_type: 'virtual-machine' } }]);
});

it('an image server is one that the incus command of this user knows', async () => {
  await mkdir(join(folder, '.config', 'incus'), { recursive: true });
  const remotes = `
remotes:
  mirror: { addr: https://mirror.example, protocol: simplestreams, public: true }
  office: { addr: https://office.example:8443 }
`;
  await writeFile(join(folder, '.config', 'incus', 'config.yml'), remotes);
  const { isServed } = INCUS_TRAITS.images;
  expect(['mirror:mine', NAME, 'office:mine', 'mine'].map(isServed)).toEqual([true, true, false, false]);
  const { calls, loaded } = await startIncus();
  await containersOf(calls).of({ image: 'mirror:mine', labels: {} });
  expect(loaded).toMatchObject([{ source: { server: 'https://mirror.example', alias: 'mine' } }]);
});

it.each(['office:mine', 'absent:mine', 'clara-sandbox'])('%s is of no image server', async (image) => {
  const { calls, loaded } = await startIncus();
  await expect(containersOf(calls).of({ image, labels: {} })).rejects.toMatchObject({ kind: 'invalid' });
  expect(loaded).toEqual([]);
});

it.each([
  ["Failed getting remote image info: The requested image couldn't be found", 'invalid', /is not on https:/],
  ['Get "https://images.linuxcontainers.org/streams/v1/index.json": no such host', 'unavailable', /no such host/],
])('a server that says %s is told', async (refusal, kind, message) => {
  const { calls } = await startIncus(refusal);
  const found = containersOf(calls).of({ image: NAME, labels: {} });
  await expect(found).rejects.toMatchObject({ kind, message: expect.stringMatching(message) });
});
