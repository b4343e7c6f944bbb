import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { openEngine } from '../../src/modes/open-engine.ts';
import { specFor } from '../contract/spec-for.ts';
import { importPlainImage, incus } from '../support/incus-images.ts';

const labels = { 'clara-test.run': randomUUID() };
const alias = `clara-test-${randomUUID()}`;
const PROJECT = 'clara-sandbox';
/** Where `incus publish` and `incus image` put what is given no project. */
const USUAL = { alias, project: 'default' };
const engine = openEngine('incus');

/** Incus packs and unpacks whole images here. */
const PACKING_MS = 240_000;
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clara-it-'));
});
afterEach(async () => {
  for (const { id } of await engine.list(labels)) await engine.remove(id);
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true });
  for (const image of await preparedOf(alias)) await incus(['image', 'delete', image, '--project', PROJECT]);
  await incus(['image', 'delete', alias, '--project', 'default']);
});

/** The fingerprints of what was made of images of this name. */
async function preparedOf(name: string): Promise<string[]> {
  const found: { fingerprint: string; properties: Record<string, string> }[] = JSON.parse(
    await incus(['query', `/1.0/images?recursion=1&project=${PROJECT}`]),
  );
  return found.filter(({ properties }) => properties['clara.name'] === name).map(({ fingerprint }) => fingerprint);
}

async function outputIn(image: string, argv: readonly string[]): Promise<string> {
  const mounts = [
    { source: folder, target: '/workspace' },
    { source: folder, target: '/home/user' },
  ];
  const id = await engine.create(specFor(image, labels, { mounts }));
  await engine.start(id);
  const exec = await engine.exec(id, argv);
  exec.stream.end();
  const output = await text(exec.stream);
  await exec.closed;
  await engine.remove(id);
  return output + exec.stderr();
}

it(
  'an image that knows nothing of sandboxes is prepared once, and again when it has changed',
  async () => {
    await importPlainImage({ ...USUAL, mark: 'first' });
    const before = await engine.imageId(alias);
    expect(await outputIn(alias, ['python3', '-c', 'import os; print(os.path.ismount("/workspace"))'])).toBe('True\n');
    expect(await outputIn(alias, ['touch', '/beside'])).toMatch(/Read-only file system/);
    const first = await preparedOf(alias);
    expect(first).toHaveLength(1);
    await importPlainImage({ ...USUAL, mark: 'second' });
    expect(await engine.imageId(alias)).not.toBe(before);
    expect(await outputIn(alias, ['python3', '-c', 'print(1)'])).toBe('1\n');
    const second = await preparedOf(alias);
    expect(second).toHaveLength(1);
    expect(second).not.toEqual(first);
  },
  PACKING_MS,
);

it(
  'an image without python3 is refused with a sentence, and nothing is left of the try',
  async () => {
    await importPlainImage({ ...USUAL, mark: 'third', hasPython: false });
    const before = await preparedOf(alias);
    await expect(engine.create(specFor(alias, labels))).rejects.toMatchObject({
      kind: 'invalid',
      message: expect.stringMatching(/has no python3/),
    });
    expect(await preparedOf(alias)).toEqual(before);
  },
  PACKING_MS,
);
