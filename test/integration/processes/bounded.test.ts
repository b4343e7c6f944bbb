import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_KEY, type ServerProcess, startServerProcess } from '../../support/server-process.ts';
import { attach } from '../../support/terminal-client.ts';
import { until } from '../../support/until.ts';

const MIB = 2 ** 20;

/** What a server may take more for a moment: its buffers, and what is not collected yet. */
const MORE_BYTES = 64 * MIB;

/** Connections of clients and to agents that may come and go meanwhile. */
const FEW = 10;

let server: ServerProcess;
let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'clara-it-bounded-'));
  server = await startServerProcess({ SANDBOX_DATA_DIR: dataDir });
  // A create waits for longer than a call.
  await server.call('POST', '/sandbox/u/create');
});

afterAll(async () => {
  await server.call('DELETE', '/sandbox/u?files=true');
  await server.end('SIGTERM');
  await rm(dataDir, { recursive: true, force: true });
});

const shell = async (command: string) =>
  (await server.call('POST', '/sandbox/u/shell', { command })).body.output as string;

/** The most memory that the server's process has had at a time, in bytes. */
async function mostMemory(): Promise<number> {
  const status = await readFile(`/proc/${server.child.pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

const openFiles = async () => (await readdir(`/proc/${server.child.pid}/fd`)).length;

describe('a server', () => {
  it('paces a program that writes a gibibyte for a reader who takes little, and serves others meanwhile', async () => {
    const before = await mostMemory();
    const command =
      'for i in $(seq 1024); do head -c 1048576 /dev/zero | tr "\\0" x; echo $i > /workspace/written; done';
    const leaving = new AbortController();
    const response = await fetch(`${server.url}/sandbox/u/shell`, {
      method: 'POST',
      headers: { 'x-api-key': API_KEY, 'content-type': 'application/json', accept: 'application/x-ndjson' },
      body: JSON.stringify({ command, timeout: 600 }),
      signal: leaving.signal,
    });
    const reader = response.body?.getReader();
    let taken = 0;
    for (let mib = 1; mib <= 8; mib += 1) {
      while (taken < mib * MIB) taken += (await reader?.read())?.value?.length ?? Number.POSITIVE_INFINITY;
      expect(await shell('echo beside')).toBe('beside\n');
    }
    const written = async () => Number(await shell('cat /workspace/written'));
    let last = -1;
    // It has written what there is room for, and waits.
    await until('the program waits for its reader', async () => {
      const at = await written();
      const isSame = at === last;
      last = at;
      for (let call = 0; call < 20; call += 1) await shell('echo beside');
      return isSame && (await written()) === at;
    });
    expect(last).toBeLessThan(40);
    expect((await mostMemory()) - before).toBeLessThan(MORE_BYTES);
    leaving.abort();
    await until('it ended with its reader', async () => (await shell('pgrep -c seq; pgrep -xc head')) === '0\n0\n');
  });

  it('keeps nothing of 10,000 changes of a terminal’s size and 500 viewers who came and went', async () => {
    const begun = await server.call('POST', '/sandbox/u/processes', {
      command: 'echo ready; exec cat',
      tty: { rows: 24, cols: 80 },
    });
    const url = `${server.url}/sandbox/u/processes/${begun.body.id}/attach`;
    const view = async () => await attach(url, { 'x-api-key': API_KEY });
    const first = await view();
    await first.until('ready');
    const files = await openFiles();
    const before = await mostMemory();
    for (let viewer = 0; viewer < 500; viewer += 1) {
      const seen = await view();
      for (let change = 1; change <= 20; change += 1) seen.tell({ resize: { rows: 20 + change, cols: 80 + viewer } });
      seen.leave();
      expect(await seen.closed).toBeGreaterThanOrEqual(1000);
    }
    first.type('still here\r');
    await first.until('still here\r\nstill here');
    await until('the last change is the one that counts', async () => {
      const { tty } = (await server.call('GET', `/sandbox/u/processes/${begun.body.id}`)).body;
      return JSON.stringify(tty) === '{"rows":40,"cols":579}';
    });
    await until('what they had open is closed', async () => (await openFiles()) < files + FEW);
    expect((await mostMemory()) - before).toBeLessThan(MORE_BYTES);
    first.type('\x04');
    expect(await first.closed).toBe(1000);
  });

  it('keeps some processes of the many that are started and forgotten, and numbers them all', async () => {
    const started: number[] = [];
    for (let count = 0; count < 400; count += 1) {
      started.push((await server.call('POST', '/sandbox/u/processes', { command: 'true' })).body.id as number);
    }
    expect(started.every((id, at) => at === 0 || id > (started[at - 1] ?? 0))).toBe(true);
    const { processes } = (await server.call('GET', '/sandbox/u/processes')).body as { processes: { id: number }[] };
    expect(processes.length).toBeLessThanOrEqual(64);
    expect(processes.map(({ id }) => id)).toContain(started.at(-1));
    expect(await shell('echo on')).toBe('on\n');
  });
});
