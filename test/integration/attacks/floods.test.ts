import { existsSync } from 'node:fs';
import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { impostor } from '../../support/agent-attacks.ts';
import { IS_INCUS } from '../../support/engine-under-test.ts';
import { containerNamed, programsOf } from '../../support/engine-view.ts';
import { type RealServer, removeAll, startRealServer } from '../../support/real-server.ts';
import { IS_GVISOR } from '../../support/runtime.ts';
import { until } from '../../support/until.ts';

const MIB = 2 ** 20;

/** What the attacks write at most, so that one that succeeds comes to an end. */
const FLOOD_BYTES = 512 * MIB;

/** What a flood may write: all that lies between it and a server that does not read. */
const MOST_BYTES = 16 * MIB;

/** An agent that says nothing for so long is given up. */
const GIVEN_UP_SECONDS = 8;

let server: RealServer;
let carried: RealServer;
const closers: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  server = await startRealServer({ SANDBOX_DOCKER_MEMORY: '256m' });
  carried = await startRealServer({ SANDBOX_DOCKER_MEMORY: '256m', SANDBOX_AGENT_TRANSPORT: 'exec' });
});
afterAll(async () => {
  await server?.close();
  await carried?.close();
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Python that writes to a descriptor until nobody takes it, and keeps count in the workspace. */
const flood = (descriptor: string) => `count = os.open('/workspace/count', os.O_WRONLY | os.O_CREAT, 0o600)
# So much goes into a pipe that nobody reads yet.
written = os.write(${descriptor}, bytes(512))
os.pwrite(count, b'%d' % written, 0)
while written < ${FLOOD_BYTES}:
    try: written += os.write(${descriptor}, bytes(65536))
    except OSError: break
    os.pwrite(count, b'%d' % written, 0)
time.sleep(1000)`;

/** Waits until the impostor in a user's sandbox has a stream of the server's; where its workspace is. */
async function hasMet(dataDir: string, user: string): Promise<string> {
  const [folder = ''] = (await readdir(dataDir)).filter((name) => name.startsWith(`${user}-`));
  const workspace = join(dataDir, folder, 'disk', 'workspace');
  await until('the impostor has met the server', () => existsSync(join(workspace, 'met')));
  return workspace;
}

/** Lets an impostor write for ever; the sandbox must have ended that by itself, with nobody calling it, and be as it was. */
async function expectHeldBack(
  on: RealServer,
  user: string,
  speak: string,
  descriptor: string,
  isGivenUp = false,
): Promise<void> {
  await on.execute(user, "open('kept.txt', 'w').write('kept')");
  const container = await containerNamed(on.dataDir, `-${user}-`);
  expect((await on.execute(user, impostor(speak))).body.success).toBe(false);
  // Before the call is over, as the agent that comes in its place may be carried too by then.
  const call = on.execute(user, 'pass', { timeout: 1 });
  const workspace = await hasMet(on.dataDir, user);
  const kept = await programsOf(container);
  await writeFile(join(workspace, 'counted'), '');
  await call;
  if (IS_GVISOR || IS_INCUS) {
    // The engine carries the agent that comes in its place too, on Incus at once: one of them is left, and that one works.
    const isAlone = async () => (await programsOf(container)).length <= 1;
    await until('the impostor has ended', async () => (await on.execute(user, 'pass')).body.success && isAlone());
  } else {
    await until(
      'the impostor has ended',
      async () => !(await programsOf(container)).some((exec) => kept.includes(exec)),
    );
  }
  const count = "open('count').read() if __import__('os').path.exists('count') else 0";
  const { body } = await on.execute(user, `print(open('kept.txt').read(), ${count})`);
  const [content, written] = body.output.split(' ');
  expect(content).toBe('kept');
  // gVisor may end the writer before its first write is over. On Incus nobody gets at the stderr of a program of the engine's, and its
  // stream ends as it is given up.
  const isWritten = !IS_GVISOR && !(IS_INCUS && (descriptor === 'err' || isGivenUp));
  expect(Number(written)).toBeGreaterThan(isWritten ? 0 : -1);
  expect(Number(written)).toBeLessThan(MOST_BYTES);
}

describe('what code writes for ever to a stream that the engine carries', () => {
  it.each([
    ['stdout', 'send(out, hello(hash))', 'out'],
    ['stderr', 'send(out, hello(hash))', 'err'],
    ['stderr-at-once', '', 'err'],
    ['child', 'send(out, hello(hash))\nos.fork()', 'out'],
  ])('is held back, and ended with whatever keeps the stream: %s', async (user, first, descriptor) => {
    await expectHeldBack(server, `flood-${user}`, `${first}\n${flood(descriptor)}`, descriptor);
  });

  it.each([
    ['stdout', 1, 'out'],
    ['stderr', 1, 'err'],
    // The agent is given up before that.
    ['silence', 10, 'out'],
  ])('is so where it has carried a call before: %s', async (user, seconds, descriptor) => {
    // The agent that comes in its place stays carried: what is there is counted before.
    const wait = `while not os.path.exists('/workspace/counted'): time.sleep(0.01)\ntime.sleep(${seconds})`;
    const speak = `send(out, hello(hash))\n${wait}\n${flood(descriptor)}`;
    await expectHeldBack(carried, `carried-${user}`, speak, descriptor, seconds > GIVEN_UP_SECONDS);
  });

  it('is ended by the next server where the one that read it is gone', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'clara-it-'));
    const settings = { SANDBOX_AGENT_TRANSPORT: 'exec', SANDBOX_DATA_DIR: dataDir };
    closers.push(() => removeAll(dataDir));
    const before = await startRealServer(settings);
    closers.push(() => before.leave());
    await before.execute('left', "open('kept.txt', 'w').write('kept')");
    const container = await containerNamed(dataDir, '-left-');
    // It floods when nobody reads any more: it is told that the server has gone.
    const wait = "while not os.path.exists('/workspace/gone'): time.sleep(0.01)";
    const speak = `send(out, hello(hash))\n${wait}\n${flood('out')}`;
    expect((await before.execute('left', impostor(speak))).body.success).toBe(false);
    const lost = before.execute('left', 'pass').catch(() => null);
    const workspace = await hasMet(dataDir, 'left');
    await before.leave();
    await lost;
    const kept = await programsOf(container);
    expect(kept).toHaveLength(1);
    await writeFile(join(workspace, 'gone'), '');
    const after = await startRealServer(settings);
    closers.push(() => after.leave());
    await until(
      'the impostor has ended',
      async () => !(await programsOf(container)).some((exec) => kept.includes(exec)),
    );
    const works = async () => (await after.execute('left', "print(open('kept.txt').read())")).body.output === 'kept\n';
    // Incus ends its stream with the server, so that the first call finds it silent and has it replaced.
    if (IS_INCUS) await until('it is replaced', works);
    else expect(await works()).toBe(true);
  });
});
