import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runBare } from '../../support/bare-container.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { findTraces } from '../../support/traces-of-neighbours.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
});

afterAll(() => server.close());

/** The device of the disk that this machine has mounted for a sandbox, such as loop3. */
async function deviceOf(user: string): Promise<string> {
  const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n');
  const mount = mounts.find((line) => line.includes(server.dataDir) && line.includes(user)) ?? '';
  return mount.split(' ')[0]?.replace('/dev/', '') ?? '';
}

describe('a sandbox that looks for another in what the kernel tells', () => {
  it('finds neither its name nor the device of its disk, where a container without the protection finds both', async () => {
    const { container_id: id } = (await server.call('POST', '/sandbox/zebra/create', {})).body;
    const device = await deviceOf('zebra');
    expect(device).toMatch(/^loop\d+$/);
    const script = findTraces(['zebra', id.slice(0, 12), `(?<![a-z])${device}(?![0-9])`]);

    const bare = await runBare(script);
    expect(bare).toContain(`/sys/devices/virtual/block/${device}/loop/backing_file\n`);
    expect(bare).toContain('/proc/diskstats\n');
    const { body } = await server.execute('curious', script, { timeout: 120 });
    expect(body).toMatchObject({ success: true, output: '' });
  });

  it('still sees its own disk, its CPUs and its memory', async () => {
    const { body } = await server.shell(
      'curious',
      [
        'set -e',
        'df --output=target /workspace | tail -n 1',
        'test "$(nproc)" -ge 1; lscpu | grep -c "^CPU(s):"; free -m | grep -c ^Mem:; ps -e | grep -c ps$; top -bn1 | grep -c "^MiB Mem"',
        'python3 -c "import os; print(os.cpu_count() > 0, os.getloadavg()[0] >= 0, os.statvfs(\'/workspace\').f_blocks > 0)"',
        `node -e 'const os = require("os"); console.log(os.cpus().length > 0, os.totalmem() > 0, os.loadavg().length, os.uptime() > 0)'`,
      ].join('\n'),
    );
    expect(body).toMatchObject({
      success: true,
      output: '/workspace\n1\n1\n1\n1\nTrue True True\ntrue true 3 true\n',
    });
  });
});
