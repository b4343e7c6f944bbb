import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { MOUNT_POINTS } from '../../src/engines/incus/mount-points.ts';
import { PREPARED_PROPERTY } from '../../src/engines/incus/prepared-images.ts';
import { ensureBaseImage } from './base-image.ts';

const run = promisify(execFile);

/** Where Debian's package keeps what it has. */
const USUAL_FOLDER = '/var/lib/incus';

/** Runs `incus` on the machine's Incus, or on the one of this folder, with what it says. */
export async function incus(args: readonly string[], folder = USUAL_FOLDER): Promise<string> {
  const env = { ...process.env, INCUS_DIR: folder };
  return (await run('incus', args, { env, maxBuffer: 2 ** 26 })).stdout;
}

interface PlainImage {
  readonly alias: string;
  readonly project: string;
  /** What tells it from others of the same files. */
  readonly mark: string;
  readonly hasPython?: boolean;
  /** True where it is to have all that the engine would add to it, which takes a while. */
  readonly isReady?: boolean;
  /** The folder of the Incus that gets it; the machine's where absent. */
  readonly folder?: string;
}

/** Imports a small image with Python that knows nothing of sandboxes, as people have them. */
export async function importPlainImage(image: PlainImage): Promise<void> {
  const { alias, project, mark, hasPython = true, isReady = false, folder } = image;
  const files = await mkdtemp(join(tmpdir(), 'clara-image-'));
  try {
    const [root, meta] = [join(files, 'root.tar'), join(files, 'meta.tar')];
    await exportRoot(root, hasPython);
    if (isReady) await addMountPoints(root, join(files, 'more'));
    const architecture = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
    await mkdir(join(files, 'about'));
    // JSON is YAML.
    const properties = { description: mark, ...(isReady ? { [PREPARED_PROPERTY]: mark } : {}) };
    const about = JSON.stringify({ architecture, creation_date: 1, properties });
    await writeFile(join(files, 'about', 'metadata.yaml'), about);
    await run('tar', ['-C', join(files, 'about'), '-cf', meta, 'metadata.yaml']);
    await incus(['image', 'import', meta, root, '--alias', alias, '--reuse', '--project', project], folder);
  } finally {
    await rm(files, { recursive: true });
  }
}

async function exportRoot(file: string, hasPython: boolean): Promise<void> {
  const container = (await run('docker', ['create', await ensureBaseImage('python:3.12-slim')])).stdout.trim();
  try {
    await run('docker', ['export', '-o', file, container]);
  } finally {
    await run('docker', ['rm', container]);
  }
  const pythons = ['--wildcards', 'bin/python3*', 'usr/bin/python3*', 'usr/local/bin/python3*'];
  // It ends with 2 where one of them is not there.
  if (!hasPython) await run('tar', ['--delete', '-f', file, ...pythons]).catch(() => undefined);
}

async function addMountPoints(root: string, folder: string): Promise<void> {
  for (const path of MOUNT_POINTS.folders) await mkdir(join(folder, path), { recursive: true });
  for (const path of MOUNT_POINTS.files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), '');
  }
  const files = [...MOUNT_POINTS.folders, ...MOUNT_POINTS.files].map((path) => path.slice(1));
  await run('tar', ['-rf', root, '-C', folder, '--owner=0', '--group=0', ...files]);
}
