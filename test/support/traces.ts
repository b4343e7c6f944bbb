import { execFile } from 'node:child_process';
import { readdir, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { promisify } from 'node:util';
import { hasCode } from '../../src/base/errors.ts';
import { SHARED_FILES } from '../../src/sandboxes/storage/shared-files.ts';
import { containersOf } from './engine-view.ts';
import { mountsBelow } from './mounts.ts';

const run = promisify(execFile);

/** What a server with this data folder holds on this machine. */
export interface Traces {
  /** Ids of its containers, in any state. */
  readonly containers: readonly string[];
  readonly mounts: readonly string[];
  /** Files of the data folder that a loop device holds. */
  readonly loops: readonly string[];
  /** Everything in the data folder that is neither the server's own nor what a sandbox consists of. */
  readonly leftovers: readonly string[];
}

/** Nothing at all. */
export const NO_TRACES: Traces = { containers: [], mounts: [], loops: [], leftovers: [] };

const SANDBOX_FOLDER = /-[0-9a-f]{20}$/;
const SANDBOX_PARTS = [
  'alerts.json',
  'certificates',
  'checkpoints',
  'disk',
  'disk.engine',
  'disk.img',
  'group',
  'line',
  'engine-volume.json',
  'log',
  'log.1',
  'packages',
  'passwd',
  'sandbox.json',
  'uid',
  'volume.json',
  'workspace',
];

/** What the data folder itself has beside the sandboxes: whose it is, and what they all read. */
const SERVER_PARTS = [
  'instance',
  'place',
  'secret',
  'engine.json',
  'incus',
  'answers',
  'sessions',
  ...SHARED_FILES.map(({ name }) => name),
];

/** How often to look again at what ends by itself, in milliseconds. */
const POLL_MS = 50;

/**
 * What is held once nothing changes by itself any more: the sweep closes the disk of a sandbox that could not be started, and the
 * kernel keeps a loop device as long as any mount namespace has a copy of its mount, such as one of a container that starts.
 */
export async function readTracesAtRest(dataDir: string, mounts: number): Promise<Traces> {
  for (;;) {
    const traces = await readTraces(dataDir);
    if (traces.mounts.length <= mounts && traces.loops.length <= mounts) return traces;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Looks for whatever is held for the data folder. */
export async function readTraces(dataDir: string): Promise<Traces> {
  const folder = await realpath(dataDir);
  const [containers, mounts, loops, leftovers] = await Promise.all([
    containersOf(folder).then((all) => all.map(({ id }) => id)),
    mountsBelow(folder),
    loopsBelow(folder),
    leftoversIn(folder),
  ]);
  return { containers, mounts, loops, leftovers };
}

async function loopsBelow(folder: string): Promise<string[]> {
  const { stdout } = await run('losetup', ['-n', '-l', '-O', 'BACK-FILE']);
  return toLines(stdout).filter((file) => file.startsWith(`${folder}${sep}`));
}

async function leftoversIn(folder: string): Promise<string[]> {
  const leftovers: string[] = [];
  for (const name of await readdir(folder)) {
    if (SERVER_PARTS.includes(name)) continue;
    if (!SANDBOX_FOLDER.test(name)) leftovers.push(name);
    else {
      const parts = await partsOf(join(folder, name));
      leftovers.push(...parts.filter((part) => !SANDBOX_PARTS.includes(part)).map((part) => join(name, part)));
    }
  }
  return leftovers;
}

/** What is in the folder of a sandbox, which may be removed at any moment. */
async function partsOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

function toLines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
