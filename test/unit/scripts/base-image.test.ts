import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

const { ensureBaseImage } = await import(new URL('../../../scripts/lib/base-image.mjs', import.meta.url).href);

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clara-base-image-'));
  vi.stubEnv('TMPDIR', folder);
  vi.stubEnv('PATH', `${folder}:${process.env.PATH}`);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const program = (name: string, text: string) => writeFile(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });

it('a base image is made on a disk, as devices cannot be made in a /tmp that is memory', async () => {
  await program('docker', 'exit 1');
  await program('debootstrap', `[ "$1" = --version ] && exit\nprintf '%s\\n' "$@" > '${folder}/asked'\nexit 1`);
  await expect(ensureBaseImage('nobody/has-this', { isDefault: true })).rejects.toThrow(
    'debootstrap ended with code 1',
  );
  expect((await readFile(join(folder, 'asked'), 'utf8')).split('\n')).toContainEqual(
    expect.stringMatching(/^\/var\/tmp\/clara-sandbox-base-/),
  );
});
