import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runBare } from '../../support/bare-container.ts';
import { KERNEL_DOORS } from '../../support/kernel-doors.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { IS_GVISOR } from '../../support/runtime.ts';
import { until } from '../../support/until.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
});

afterAll(() => server.close());

/** What gVisor grants anybody, of its own kernel and not of this machine's. */
const GRANTED_BY_GVISOR = [
  'asynchronous input',
  'device node',
  'kernel log',
  'keyring',
  'lock of an open file',
  'memory of a process',
  'memory policy',
  'merged memory',
  'multicast group',
  'netlink of routes',
  'time namespace',
  'time of a packet',
  'time stamps of packets',
  'user namespace',
  'user namespace by clone',
  'user namespace by clone3',
  'writing out a disk',
];
const GRANTED = IS_GVISOR ? GRANTED_BY_GVISOR : [];

const opened = (output: string) => Array.from(output.matchAll(/^(.*): opened$/gm), ([, door]) => door).sort();

describe('the kernel', () => {
  it('opens its doors to a container without the protections, and none to a sandbox', async () => {
    const withoutProtection = await runBare(KERNEL_DOORS, {
      CapAdd: ['SYS_ADMIN', 'SYSLOG', 'DAC_READ_SEARCH'],
      SecurityOpt: ['seccomp=unconfined'],
      Tmpfs: { '/tmp': '' },
    });
    expect(opened(withoutProtection).length).toBeGreaterThanOrEqual(36);
    const { body } = await server.execute('doors', KERNEL_DOORS);
    expect(body.output.split('\n').length).toBe(withoutProtection.split('\n').length);
    expect(opened(body.output)).toEqual(GRANTED);
  });

  it('lets no door that its runtime opens lead to this machine, its files or a device', async () => {
    const { body } = await server.execute(
      'grants',
      `import ctypes, os
libc = ctypes.CDLL(None)
log = ctypes.create_string_buffer(1 << 16)
libc.klogctl(3, log, len(log))
print(b'Linux version' in log.value)
def attempt(name, action):
    try: print(name, action())
    except OSError: print(name, 'refused')
libc.unshare(0x10000000)
attempt('becoming root', lambda: os.write(os.open('/proc/self/uid_map', os.O_WRONLY), b'0 1000 1'))
attempt('root file', lambda: open('/etc/shadow').read())
attempt('writing a root file', lambda: open('/etc/passwd', 'a'))
attempt('giving a file away', lambda: (open('/workspace/mine', 'w').close(), os.chown('/workspace/mine', 5, 5)))
attempt('device in a mount', lambda: os.mknod('/workspace/door', 0o60600, os.makedev(7, 0)))
attempt('device', lambda: (os.mknod('/tmp/door', 0o60600, os.makedev(7, 0)), os.open('/tmp/door', os.O_RDONLY)))`,
    );
    const refused = [
      'becoming root',
      'root file',
      'writing a root file',
      'giving a file away',
      'device in a mount',
      'device',
    ];
    expect(body.output).toBe(`False\n${refused.map((name) => `${name} refused\n`).join('')}`);
  });

  it('shows no process, no user and no socket of the machine', async () => {
    const look = `import os
def line(pid):
    try: return [open(f'/proc/{pid}/cmdline').read()]
    except OSError: return []
lines = [found for pid in os.listdir('/proc') if pid.isdigit() for found in line(pid)]
print(sorted({line.split('\\0')[0].removesuffix('/main.py').rstrip('0123456789').removesuffix('/run/clara/').rsplit('/')[-1] for line in lines}))
print([name for name in os.listdir('/dev') if os.path.exists('/dev/' + name) and os.stat('/dev/' + name).st_mode & 0o170000 == 0o060000])
print([line.split()[-1][:7] for line in open('/proc/net/unix') if line.split()[-1].startswith(('/', '@'))])`;
    let output = '';
    await until('what carried the beginning of the connection has ended', async () => {
      output = (await server.execute('doors', look)).body.output;
      return IS_GVISOR || !/'cat'|''/.test(output);
    });
    // The server's end of the agent's connection, by a name that tells nothing of the machine; through gVisor the engine carries the stream.
    const [processes, sockets] = IS_GVISOR
      ? ["'cat', 'python', 'sandbox-init'", '']
      : ["'clara-agent', 'clara-zygote', 'python3 -u ', 'sandbox-init'", "'/proc/s', "];
    expect(output).toBe(`[${processes}]\n[]\n[${sockets}'@clara-']\n`);
  });
});
