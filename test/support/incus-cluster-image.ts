import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ensureBaseImage } from './base-image.ts';

const run = promisify(execFile);

const MODULE = new URL('../../scripts/lib/incus/image.mjs', import.meta.url).href;

/** The image that has the first process of sandboxes. */
const OWN_IMAGE = 'clara-sandbox:latest';

/** A small image with Python as Incus takes it, in this folder: its description and its files. */
export async function makeIncusImage(folder: string): Promise<readonly [string, string]> {
  const { MOUNT_POINTS } = await import(MODULE);
  const skeleton = join(folder, 'skeleton');
  for (const path of MOUNT_POINTS.folders) await mkdir(join(skeleton, path), { recursive: true });
  for (const path of MOUNT_POINTS.files) {
    await mkdir(dirname(join(skeleton, path)), { recursive: true });
    await writeFile(join(skeleton, path), '');
  }
  const [meta, root] = [join(folder, 'meta.tar'), join(folder, 'root.squashfs')];
  await inContainer(OWN_IMAGE, async (own) => {
    await run('docker', ['cp', `${own}:/usr/lib/clara/.`, join(skeleton, 'usr/lib/clara')]);
  });
  await inContainer(await ensureBaseImage('python:3.12-slim'), async (base) => {
    await run('docker', ['cp', `${skeleton}/.`, `${base}:/`]);
    const pipe = `set -o pipefail; docker export ${base} | tar2sqfs -q -f -c zstd -X level=1 ${root}`;
    await run('bash', ['-c', pipe]);
  });
  const environment = JSON.stringify({ PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' });
  // As of an image that npm run incus has made: nothing has to be added to it.
  const properties = {
    description: 'A small image of a test',
    'clara.source': 'a test',
    'clara.environment': environment,
  };
  const architecture = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  // JSON is YAML.
  await writeFile(join(folder, 'metadata.yaml'), JSON.stringify({ architecture, creation_date: 1, properties }));
  await run('tar', ['-C', folder, '-cf', meta, 'metadata.yaml']);
  return [meta, root];
}

async function inContainer(image: string, work: (id: string) => Promise<void>): Promise<void> {
  const id = (await run('docker', ['create', '--network', 'none', image, 'true'])).stdout.trim();
  try {
    await work(id);
  } finally {
    await run('docker', ['rm', '--force', id]);
  }
}
