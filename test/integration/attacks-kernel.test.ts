import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runBare } from '../support/bare-container.ts';
import { KERNEL_DOORS } from '../support/kernel-doors.ts';
import { type RealServer, startRealServer } from '../support/real-server.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
});

afterAll(() => server.close());

const opened = (output: string) => output.match(/^.*: opened$/gm) ?? [];

describe('the kernel', () => {
  it('opens its doors to a container without the protections, and none to a sandbox', async () => {
    const withoutProtection = await runBare(KERNEL_DOORS, {
      CapAdd: ['SYS_ADMIN', 'SYSLOG', 'DAC_READ_SEARCH'],
      SecurityOpt: ['seccomp=unconfined'],
      Tmpfs: { '/tmp': '' },
    });
    expect(opened(withoutProtection).length).toBeGreaterThanOrEqual(25);
    const { body } = await server.execute('doors', KERNEL_DOORS);
    expect(body.output.split('\n').length).toBe(withoutProtection.split('\n').length);
    expect(opened(body.output)).toEqual([]);
  });

  it('shows no process, no user and no socket of the machine', async () => {
    const { body } = await server.execute(
      'doors',
      `import os
lines = [open(f'/proc/{pid}/cmdline').read() for pid in os.listdir('/proc') if pid.isdigit()]
print(sorted({line.split('\\0')[0].rsplit('/')[-1] for line in lines}))
print([name for name in os.listdir('/dev') if os.path.exists('/dev/' + name) and os.stat('/dev/' + name).st_mode & 0o170000 == 0o060000])
print([line.split()[-1][:7] for line in open('/proc/net/unix') if line.split()[-1].startswith(('/', '@'))])`,
    );
    expect(body.output).toBe("['cat', 'docker-init', 'python3', 'sleep']\n[]\n['@clara-']\n");
  });
});
