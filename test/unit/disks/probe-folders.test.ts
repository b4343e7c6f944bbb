import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { toSandboxId } from '../../../src/base/sandbox-address.ts';
import type { MountNamespace } from '../../../src/disks/base/mount-namespace.ts';
import { whyRefused } from '../../../src/disks/mount-support.ts';

/** Where nothing can be mounted, and nothing is. */
const refusing: MountNamespace = {
  reach: (path) => path,
  run: async () => Promise.reject(new Error('not here')),
  mountPoints: async () => [],
  mounts: async () => [],
};

let dataDir = '';

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'clara-probes-'));
});

afterEach(() => rm(dataDir, { recursive: true }));

it('trying out whether disks can be mounted removes what a crash left of it, and no files of a user', async () => {
  const users = ['probe', 'probe-1', 'Probe me', 'clara-probe', 'clara-probe-abc123'];
  const folders = users.map((id) => toSandboxId({ namespace: 'clara', id }));
  for (const name of [...folders, 'probe-server', 'clara-probe-aB3dE5']) {
    await mkdir(join(dataDir, name, 'workspace'), { recursive: true });
    await writeFile(join(dataDir, name, 'workspace', 'kept.txt'), 'kept');
  }
  expect(await whyRefused(refusing, dataDir)).toContain('this machine refuses it');
  expect((await readdir(dataDir)).sort()).toEqual([...folders, 'probe-server'].sort());
});
