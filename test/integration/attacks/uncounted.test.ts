import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attack } from '../../support/attack.ts';
import { runBare } from '../../support/bare-container.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { IS_GVISOR } from '../../support/runtime.ts';

const MEMORY_MIB = 128;

const IS_VERSION_1 = existsSync('/sys/fs/cgroup/memory');

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer({ SANDBOX_DOCKER_MEMORY: `${MEMORY_MIB}m` });
});

afterAll(() => server.close());

/** Python that takes memory of the kernel's, says how much of it its control group was not charged, in MiB, and holds it a while. */
const holds = (take: string) => `import socket, sys, time
def charged():
    for path in '/sys/fs/cgroup/memory.current', '/sys/fs/cgroup/memory/memory.usage_in_bytes':
        try: return int(open(path).read())
        except OSError: pass
    return 0
before, taken, held = charged(), 0, []
${take}
print(max(0, taken - max(0, charged() - before)) >> 20, flush=True)
end = time.monotonic() + float(sys.argv[1] if len(sys.argv) > 1 else 45)
while time.monotonic() < end: time.sleep(0.1)`;

const LOCKS = `import fcntl
for at in range(100):
    file = open(f'/tmp/{at}', 'w')
    held.append(file)
    for byte in range(1000): fcntl.lockf(file, fcntl.LOCK_EX, 1, byte * 2)
taken = 100 * 1000 * 192`;

const UNACCEPTED = `listener = socket.create_server(('127.0.0.1', 0), backlog=4096)
while taken < 48 << 20:
    try: sender = socket.create_connection(listener.getsockname(), timeout=5)
    except OSError: break
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    sender.setblocking(False)
    try:
        for _ in range(100): taken += sender.send(bytes(65536))
    except BlockingIOError: pass
    sender.close()`;

/** Their masters are closed, so that they have no names in /dev/pts any more. */
const TERMINALS = `import os
slaves = []
try:
    for _ in range(1030):
        master, slave = os.openpty()
        os.close(master)
        slaves.append(slave)
except OSError as error: print(error.strerror)
print(len(slaves))`;

/** Accepted, in both protocols; what no more fits in is not sent. */
const UNREAD = `listener = socket.create_server(('127.0.0.1', 0), backlog=100)
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(12):
    sender = socket.create_connection(listener.getsockname())
    held += [sender, listener.accept()]
    sender.setblocking(False)
    try:
        for _ in range(32): taken += sender.send(bytes(65536))
    except BlockingIOError: pass
receivers = []
for _ in range(120):
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(('127.0.0.1', 0))
    receiver.setblocking(False)
    receivers.append(receiver)
    for _ in range(4): datagrams.sendto(bytes(50_000), receiver.getsockname())
for receiver in receivers:
    try:
        while True: taken += len(receiver.recv(65536, socket.MSG_PEEK)) and len(receiver.recv(65536))
    except BlockingIOError: pass`;

describe('memory of the kernel that no control group is charged for', () => {
  it.each([
    ['locks of files', LOCKS, /locks of files/],
    ['connections that nobody accepts', UNACCEPTED, /connections that nobody has accepted/],
  ])(
    'in %s is had where nothing watches; a sandbox that takes it is ended and told why',
    async (_what, take, reason) => {
      expect(Number(await runBare(holds(take).replace('else 45', 'else 0')))).toBeGreaterThan(10);
      const body = await attack(server, holds(take), { user: 'greedy', timeout: 120 });
      if (IS_GVISOR) expect(body.output).toMatch(/^\d+\n$/);
      else expect(body).toMatchObject({ success: false, timed_out: false, error: expect.stringMatching(reason) });
    },
  );
});

describe('pseudo-terminals, which the kernel counts for the whole machine', () => {
  it('end at 1,024 in a sandbox, with or without a name', async () => {
    expect(await runBare(TERMINALS)).toBe('1030\n');
    const { body } = await server.execute('terminals', TERMINALS);
    if (IS_GVISOR) expect(body.output).toMatch(/\d+\n$/);
    else expect(body).toMatchObject({ success: true, output: 'No space left on device\n1024\n' });
    const again = await server.execute('terminals', 'import os; print(os.isatty(os.openpty()[1]))');
    expect(again.body).toMatchObject({ success: true, output: 'True\n' });
  });
});

describe('what waits unread in sockets', () => {
  it('goes beyond the memory of a sandbox by a small part of it at most', async () => {
    const script = holds(UNREAD).replace('else 45', 'else 0');
    // In version 2 of control groups the kernel charges each container for it, protected or not.
    if (IS_VERSION_1) expect(Number(await runBare(script))).toBeGreaterThan(MEMORY_MIB / 4);
    const { body } = await server.execute('unread', script, { timeout: 60 });
    expect(body.success).toBe(true);
    // What gVisor's kernel holds is in its own memory, which is charged, and not in the count that is seen inside.
    if (IS_GVISOR) expect(body.output).toMatch(/^\d+\n$/);
    else expect(Number(body.output)).toBeLessThan(MEMORY_MIB / 4);
  });
});
