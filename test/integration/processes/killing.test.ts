import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIND_AGENT } from '../../support/agent-attacks.ts';
import { expectAlive } from '../../support/attack.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { IS_GVISOR } from '../../support/runtime.ts';
import { until } from '../../support/until.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
});

afterAll(() => server.close());

const output = async (code: string) => (await server.execute('u', code)).body.output;

/** The agent and when it began: another one is another pair. */
const AGENT = `${FIND_AGENT}print(AGENT, open(f'/proc/{AGENT}/stat').read().rsplit(')', 1)[1].split()[19])`;

/** Programs of a user, each known by its first word, that go on after their call, which ends once all three have begun. */
const BACKGROUND = `setsid sleep 9991 > /dev/null 2>&1 &
setsid python3 -c 'import select; select.select([], [], [], 9991)' > /dev/null 2>&1 &
setsid bash -c 'while :; do read -t 9991 < <(:) ; done' > /dev/null 2>&1 &
until pgrep -f '^sleep 9991' && pgrep -f '^python3 -c import select' && pgrep -f '^bash -c while'; do :; done > /dev/null`;

/** Which of them are left. */
const LEFT = `import os
names = []
for pid in filter(str.isdigit, os.listdir('/proc')):
    try: line, name = open(f'/proc/{pid}/cmdline').read(), open(f'/proc/{pid}/comm').read().strip()
    except OSError: continue
    if '9991' in line and int(pid) != os.getpid() and name in ('sleep', 'python3', 'bash'): names.append(name)
print(sorted(set(names)))`;

/** What ends the sandbox or its agent on gVisor, whose first process gets signals as any other and whose agent shows its arguments. */
const ENDS_MORE_ON_GVISOR = /^(kill (-9 )?1|for .*|pkill -9 -f .*|pkill -P .*|pkill -u .*|skill -u .*)$/;

it('a call that is ended among many processes ends its own alone, and what was stopped stays so', async () => {
  const many = `${Array.from({ length: 50 }, () => 'setsid sleep 9992 > /dev/null 2>&1 &').join('\n')}
setsid sleep 9993 > /dev/null 2>&1 &
until [ "$(pgrep -xc sleep)" -eq 51 ]; do :; done
pkill -STOP -f '^sleep 9993'`;
  await server.shell('many', many);
  const { body } = await server.execute('many', 'import os\nos.fork()\nwhile True: pass', { timeout: 1 });
  expect(body).toMatchObject({ timed_out: true });
  const states = async () => {
    const list = "ps -eo stat=,args= | awk '$2 ~ /sleep|python/ {print $3, substr($1, 1, 1)}'";
    return String((await server.shell('many', list)).body.output)
      .trim()
      .split('\n')
      .sort();
  };
  const sleepers = async () => (await states()).filter((line) => line.startsWith('999'));
  // What was stopped for a moment takes one to sleep again.
  await expect.poll(sleepers).toEqual([...Array(50).fill('9992 S'), '9993 T']);
  expect((await states()).filter((line) => line.includes('R'))).toEqual([]);
});

describe('what ends processes by name or by user ends those of the user, and the sandbox stays', () => {
  beforeAll(() => server.call('POST', '/sandbox/u/create'));

  it.each([
    ['pkill python3', ['bash', 'sleep']],
    ['pkill -9 python3', ['bash', 'sleep']],
    ['pkill -f pytho[n]', ['bash', 'sleep']],
    ['pkill -9 -f pytho[n]', ['bash', 'sleep']],
    ['pkill -x sleep', ['bash', 'python3']],
    ['pkill -9 sleep', ['bash', 'python3']],
    ['pkill -f slee[p]', ['bash', 'python3']],
    ['exec pkill bash', ['python3', 'sleep']],
    ['kill 1', ['bash', 'python3', 'sleep']],
    ['kill -9 1', ['bash', 'python3', 'sleep']],
    ['for name in TERM INT HUP QUIT USR1 STOP ABRT; do kill -$name 1; done', ['bash', 'python3', 'sleep']],
    ['pkill -P 1; pkill -o .', null],
    ['pkill -u $(id -u)', []],
    ['kill -TERM -1', []],
    ['kill -HUP -1; kill -INT -1; kill -USR1 -1', null],
    ['skill -u $(id -un)', null],
  ])('%s', async (command, left) => {
    if (IS_GVISOR && ENDS_MORE_ON_GVISOR.test(command)) return comesBack(command);
    await server.shell('u', BACKGROUND);
    const before = await output(AGENT);
    await server.shell('u', command);
    if (left)
      await expect
        .poll(() => output(LEFT), { timeout: 30_000 })
        .toBe(`[${left.map((name) => `'${name}'`).join(', ')}]\n`);
    expect(await output(AGENT)).toBe(before);
    expect((await server.shell('u', 'echo on')).body).toMatchObject({ output: 'on\n', exit_code: 0 });
    await server.shell('u', 'pkill -9 -f 999[1]');
  });

  async function comesBack(command: string): Promise<void> {
    await server.execute('u', "open('kept.txt', 'w').write('kept')");
    await server.shell('u', command);
    await until(
      'the sandbox works again',
      async () => (await server.shell('u', 'cat kept.txt')).body.output === 'kept',
    );
  }

  it('calls that are under way go on', async () => {
    const started = 'open("/workspace/started", "w").close()';
    const running = server.execute(
      'u',
      `${started}\nimport time\nwhile not __import__("os").path.exists("/workspace/go"): time.sleep(0.05)\nprint("done")`,
    );
    const kill = IS_GVISOR ? 'pkill -x sleep' : 'pkill -x sleep; kill 1';
    await server.shell('u', `until [ -e /workspace/started ]; do :; done; ${kill}; touch /workspace/go`);
    expect((await running).body).toMatchObject({ output: 'done\n', success: true });
  });
});

describe('what ends all processes without mercy', () => {
  it.each([
    ['python', 'import os, time; os.kill(-1, 9); time.sleep(30)'],
    ['a shell', 'kill -9 -1; sleep 30'],
    ['a command', 'pkill -9 -u $(id -u)'],
  ])('as %s can, is said in the answer, and the next call works in the same sandbox', async (what, code) => {
    const user = `all ${what}`;
    await server.execute(user, "open('/tmp/mark', 'w').write('kept')");
    const { body } = await (what === 'python' ? server.execute(user, code) : server.shell(user, code));
    expect(body).toMatchObject({ success: false, exit_code: 137, killed_by: 'SIGKILL', oom_killed: false });
    // The first process too, with which gVisor ends the sandbox.
    if (IS_GVISOR && what === 'a command') return expectAlive(server, user);
    expect(body.error).toMatch(/ended or disturbed the sandbox’s processes, as `kill -9 -1` does/);
    expect((await server.execute(user, "print(open('/tmp/mark').read())")).body.output).toBe('kept\n');
  });
});
