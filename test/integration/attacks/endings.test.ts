import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attack } from '../../support/attack.ts';
import { runBare } from '../../support/bare-container.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

const MIB = 2 ** 20;

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer({ SANDBOX_PIDS_LIMIT: '128', SANDBOX_DOCKER_MEMORY: '256m' });
});

afterAll(() => server.close());

describe('an output flood', () => {
  it('comes whole where the limit is larger', async () => {
    const generous = await startRealServer({ SANDBOX_OUTPUT_LIMIT: '8m' });
    try {
      const { body } = await generous.execute('flood', "print('x' * 4_000_000)");
      expect(body).toMatchObject({ output_truncated: false });
      expect(body.output).toHaveLength(4_000_001);
    } finally {
      await generous.close();
    }
  });

  it.each([
    ['of lines', 'yes'],
    ['of zeros', 'cat /dev/zero'],
    ['on both streams', 'yes & yes >&2'],
    ['without a newline', 'while :; do printf "%65536s" x; done'],
  ])('%s is cut, and the caller told', async (_what, command) => {
    const before = process.memoryUsage.rss();
    const body = await attack(server, command, { user: 'flood', how: 'shell', timeout: 2 });
    expect(body).toMatchObject({ success: false, timed_out: true, output_truncated: true });
    expect(body.output.length).toBeLessThan(MIB + 100);
    expect(body.output).toMatch(/\[… \d+ bytes of output left out …\]/);
    expect(process.memoryUsage.rss() - before).toBeLessThan(200 * MIB);
  });
});

describe('a program that does not want to end', () => {
  it('survives a SIGTERM where nothing more follows', async () => {
    const body = await attack(server, 'sh -c \'trap "" TERM; kill -TERM $$; echo survived\'', {
      user: 'term',
      how: 'shell',
    });
    expect(body.output).toBe('survived\n');
  });

  it('leaves daemons behind where only its group is killed', async () => {
    const script = `import os, signal, time
reader, writer = os.pipe()
group = os.fork()
if group == 0:
    os.setsid()
    if os.fork() == 0:
        os.setsid()
        os.write(writer, str(os.getpid()).encode())
    time.sleep(100)
daemon = int(os.read(reader, 20))
os.killpg(group, signal.SIGKILL)
os.waitpid(group, 0)
os.kill(daemon, 0)
print('the daemon lives')`;
    expect(await runBare(script)).toBe('the daemon lives\n');
  });

  it.each([
    ['ignores every signal it can', 'shell', "trap '' TERM INT HUP QUIT; while :; do sleep 7001; done"],
    ['has stopped itself', 'execute', 'import os; os.kill(os.getpid(), 19)  # sleep 7001'],
    [
      'has forked daemons twice, each in a session of its own',
      'execute',
      `import os, time
for _ in range(20):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.setsid()
            os.execvp('sleep', ['sleep', '7001'])
        os._exit(0)
time.sleep(100)`,
    ],
    [
      'traces a child that has stopped',
      'execute',
      `import ctypes, os, time
if os.fork() == 0:
    ctypes.CDLL(None).ptrace(0, 0, 0, 0)
    os.kill(os.getpid(), 19)
    os.execvp('sleep', ['sleep', '7001'])
time.sleep(100)`,
    ],
  ] as const)('%s: ends with its call, and all of it', async (_what, how, code) => {
    const body = await attack(server, code, { user: 'stay', how, timeout: 2 });
    expect(body).toMatchObject({ success: false, timed_out: true, exit_code: 124, killed_by: 'SIGKILL' });
    expect(body.error).toMatch(/timed out after 2 seconds$/);
    expect((await server.shell('stay', 'pgrep -fx "sleep 7001"')).body).toMatchObject({ output: '', exit_code: 1 });
  });
});
