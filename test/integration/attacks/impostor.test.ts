import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIND_AGENT, impostor } from '../../support/agent-attacks.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

const MIB = 2 ** 20;

/** Calls after which a sandbox must have healed: three lost agents, and the restart that follows. */
const MOST_CALLS = 5;

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer({ SANDBOX_PIDS_LIMIT: '128', SANDBOX_DOCKER_MEMORY: '256m' });
  await server.execute('neighbour', 'pass');
});

afterAll(() => server.close());

/** Calls until one succeeds, while a neighbour works; how many it took. */
async function callsToHeal(user: string): Promise<number> {
  for (let calls = 1; ; calls += 1) {
    const [{ body }, neighbour] = await Promise.all([
      server.execute(user, "print('healed')", { timeout: 2 }),
      server.execute('neighbour', 'print(6 * 7)'),
    ]);
    expect(neighbour.body).toMatchObject({ success: true, output: '42\n' });
    if (body.success && body.output === 'healed\n') return calls;
    expect(calls).toBeLessThan(MOST_CALLS);
  }
}

describe('an impostor in the place of the agent', () => {
  it.each([
    ['says nothing', 'time.sleep(1000)'],
    ['hangs up', 'os.close(out)'],
    ['speaks garbage', 'while True: send(out, os.urandom(65536))'],
    ['greets, and then speaks garbage', 'send(out, hello(hash))\nwhile True: send(out, os.urandom(65536))'],
    ['announces 4 GiB', "send(out, hello(hash) + b'\\xff\\xff\\xff\\xff\\0\\0\\0\\1\\3\\1' + bytes(1 << 20))"],
    ['answers with invalid JSON', "send(out, hello(hash))\nfor n in range(1, 99, 2): send(out, frame(7, n, b'{]'))"],
    ['greets for ever', 'while True: send(out, hello(hash))'],
    [
      'opens channels for ever',
      'send(out, hello(hash))\nn = 0\nwhile True:\n    n += 2\n    send(out, frame(2, n, b\'{"op":"dial","host":"x","port":1}\'))',
    ],
    [
      'opens a channel twice',
      'send(out, hello(hash) + frame(2, 2, b\'{"op":"dial","host":"x","port":1}\') * 2)\ntime.sleep(1000)',
    ],
    [
      'pings for ever and never reads',
      "send(out, hello(hash))\nwhile True: send(out, frame(10, 0, b'12345678') * 1000)",
    ],
    [
      'sends events of a megabyte for ever',
      "send(out, hello(hash))\nwhile True: send(out, frame(6, 1, b'[' + b'0,' * 500000 + b'0]'))",
    ],
    [
      'sends output for ever',
      "send(out, hello(hash))\ntime.sleep(1)\nwhile True: send(out, frame(3, 1, b'x' * 65536, 1))",
    ],
    [
      'gives credit for ever',
      "send(out, hello(hash))\ntime.sleep(1)\nwhile True: send(out, frame(5, 1, b'\\xff\\xff\\xff\\xff'))",
    ],
  ])('%s: harms nobody, and is gone within a few calls', async (_what, speak) => {
    const user = `impostor-${_what.replaceAll(/\W+/g, '-')}`;
    await server.execute(user, "open('kept.txt', 'w').write('kept')");
    const before = process.memoryUsage.rss();
    expect((await server.execute(user, impostor(speak))).body.success).toBe(false);
    expect(await callsToHeal(user)).toBeLessThanOrEqual(MOST_CALLS);
    expect(process.memoryUsage.rss() - before).toBeLessThan(200 * MIB);
    const after = await server.execute(user, "import os; print(open('kept.txt').read(), os.path.exists('met'))");
    expect(after.body).toMatchObject({ success: true, output: 'kept True\n', error: null });
    await server.call('DELETE', `/sandbox/${user}`);
  });

  it('holds the name through a child, so that killing it does not help: the sandbox is started anew', async () => {
    const code = `${FIND_AGENT}
if daemonise():
    listener = take_place()
    if os.fork(): os._exit(0)
    time.sleep(1000)
time.sleep(5)`;
    expect((await server.execute('squat', code)).body.success).toBe(false);
    expect(await callsToHeal('squat')).toBeLessThanOrEqual(MOST_CALLS);
  });

  it('is kept alive by a fork bomb: the sandbox is started anew', async () => {
    const code = `${FIND_AGENT}
if daemonise():
    while True:
        try: os.fork()
        except OSError: pass
        try: os.kill(AGENT, 9)
        except OSError: pass
time.sleep(5)`;
    await server.execute('bomb', code);
    expect(await callsToHeal('bomb')).toBeLessThanOrEqual(MOST_CALLS);
  });
});
