import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { toSandboxId } from '../../src/base/sandbox-address.ts';
import { type RealServer, removeAll, startRealServer } from './real-server.ts';
import { until } from './until.ts';

const run = promisify(execFile);

type Close = () => Promise<unknown>;

/** What lets a sandbox have 64 MiB. */
export const LIMIT = { SANDBOX_DISK_LIMIT: '64m' };

/** A command that writes more than `LIMIT` lets it. */
export const WRITE_100_MB = 'dd if=/dev/zero of=/workspace/big bs=1M count=100';

/** Fills the disk to the last block, those too that only small files find. */
export const FILL =
  'cat /dev/zero > big; cat /dev/zero > rest; for i in $(seq 200); do echo x > "small$i" || break; done';

/** A server whose sandboxes have such a limit, unless the variables say another; `closers` get what ends it. */
export async function startLimited(
  closers: Close[],
  variables: Readonly<Record<string, string>> = LIMIT,
): Promise<RealServer> {
  const server = await startRealServer(variables);
  closers.push(() => server.close());
  return server;
}

/** An empty data folder; `closers` get what removes it with all that it has. */
export async function dataFolder(closers: Close[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'clara-disk-'));
  closers.push(() => removeAll(folder));
  return folder;
}

/** Where a server has what belongs to the sandbox of a user. */
export function folderOf({ dataDir }: { readonly dataDir: string }, user: string): string {
  return join(dataDir, toSandboxId({ namespace: 'clara', id: user }));
}

/** The loop devices over images below a folder, a line each. */
export async function loopDevices(folder: string): Promise<string[]> {
  const { stdout } = await run('losetup', ['-n', '-O', 'BACK-FILE', '-l']);
  return stdout.split('\n').filter((line) => line.startsWith(`${folder}/`));
}

/** Waits until no loop device is left: a container that starts at the moment of an unmount keeps its own copy of the mount for a while. */
export async function released(folder: string): Promise<void> {
  await until('no loop device is left', async () => (await loopDevices(folder)).length === 0);
}

/** Uploads a file of N bytes. */
export function putRaw(server: RealServer, user: string, path: string, bytes: number) {
  const headers = { 'x-api-key': 'key-for-these-tests', 'content-type': 'application/octet-stream' };
  const body = Buffer.alloc(bytes, 'x');
  return server.call('PUT', `/sandbox/${user}/raw?path=${path}`, undefined, { headers, body });
}
