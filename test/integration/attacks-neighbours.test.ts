import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../support/real-server.ts';
import { IS_GVISOR } from '../support/runtime.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
});

afterAll(() => server.close());

/** Python that passes descriptors to itself until the kernel passes no more, and holds them until it is told to end. */
const HOLDS = `import array, os, socket, time
null, held = os.open('/dev/null', os.O_RDWR), []
try:
    for _ in range(20):
        one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        held.append((one, other))
        one.setblocking(False)
        try:
            for _ in range(10): one.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [null] * 253))])
        except BlockingIOError: pass
except OSError as error: print(error.strerror)
open('held', 'w').close()
while not os.path.exists('end'): time.sleep(0.01)`;

/** Python that passes one. */
const PASSES = `import array, errno, socket
one, other = socket.socketpair()
try:
    one.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [0]))])
    print('passed')
except OSError as error: print(errno.errorcode[error.errno])`;

describe('a sandbox that holds all descriptors that may be on their way between processes of its user', () => {
  it('leaves its neighbours none of their own, and their calls work nevertheless', async () => {
    await server.execute('greedy', 'pass');
    expect((await server.execute('neighbour', PASSES)).body.output).toBe('passed\n');
    expect((await server.shell('neighbour', 'true')).body.success).toBe(true);
    const holding = server.execute('greedy', HOLDS, { timeout: 60 });
    while ((await server.call('GET', '/sandbox/greedy/file?path=held')).status !== 200);
    // Fewer seconds than it takes to give up an interpreter that does not answer.
    const own = await server.execute('neighbour', PASSES, { timeout: 5 });
    const shell = await server.shell('neighbour', 'echo works', { timeout: 5 });
    await server.call('POST', '/sandbox/greedy/file', { path: 'end', content: '' });
    await holding;
    // gVisor's kernel is the sandbox's own.
    expect(own.body).toMatchObject({ success: true, output: IS_GVISOR ? 'passed\n' : 'ETOOMANYREFS\n' });
    expect(shell.body).toMatchObject({ success: true, output: 'works\n' });
    expect((await server.execute('neighbour', PASSES)).body.output).toBe('passed\n');
  });
});
