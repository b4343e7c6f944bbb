import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIND_AGENT } from '../../support/agent-attacks.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { IS_GVISOR } from '../../support/runtime.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
});

afterAll(() => server.close());

/** Whether the shell had been started ahead, which it tells by what was loaded into it. */
const WAS_WAITING = 'grep -q prestarted_shell.so /proc/$$/maps && echo ahead || echo anew';

/** Python that finds the shell that waits, once it does: it sleeps, in a session of its own. */
const FIND_WAITING = `${FIND_AGENT}
def find_waiting():
    while True:
        for pid, argv in processes():
            if argv[:2] == ['/bin/bash', '-c'] and not argv[2].strip():
                state, _, _, session = open(f'/proc/{pid}/stat').read().rsplit(')', 1)[1].split()[:4]
                if state == 'S' and int(session) == pid: return pid
        time.sleep(0.01)

waiting = find_waiting()`;

/** The first shell of a sandbox is started for its command, later ones wait for theirs. */
async function runTwice(user: string, command: string): Promise<[unknown, unknown]> {
  await server.call('POST', `/sandbox/${user}/restart`);
  const anew = (await server.shell(user, command)).body;
  const ahead = (await server.shell(user, command)).body;
  const withoutTime = ({ execution_time: _, ...rest }: Record<string, unknown>) => rest;
  return [withoutTime(anew), withoutTime(ahead)];
}

describe('a shell that was started ahead', () => {
  it('is there from the second command on, and after one that was killed', async () => {
    const output = async (command: string) => (await server.shell('ahead', command)).body.output;
    await server.execute('ahead', 'pass');
    expect(await output(WAS_WAITING)).toBe('anew\n');
    // The next one is started after the answer: a command that is faster than that is not held up for it.
    await expect.poll(() => output(WAS_WAITING), { timeout: 30_000 }).toBe('ahead\n');
    expect(await output('kill -9 $$')).toBe('');
    await expect.poll(() => output(WAS_WAITING), { timeout: 30_000 }).toBe('ahead\n');
  });

  it.each([
    ['its name, options and arguments', 'echo "$0 $- $# $*"; echo "$BASH_EXECUTION_STRING"'],
    ['the environment', 'env | sort; export -p'],
    ['the variables', 'set | grep -v -e ^BASHPID -e ^PPID -e ^EPOCH -e ^RANDOM -e ^SRANDOM -e ^SECONDS -e ^BASH_ARGV'],
    ['its folder and limits', 'pwd; ulimit -a; umask; nice'],
    ['signals', 'trap; trap -p; grep -e ^Sig[^Q] -e ^Cap -e ^NoNew -e ^Seccomp: /proc/self/status'],
    ['its session and descriptors', "ps -o pid=,sid=,pgid= -p $$ | awk '{print $1 == $2, $1 == $3}'; ls /proc/$$/fd"],
    ['what the memory killer thinks of it', 'cat /proc/$$/oom_score_adj'],
    ['what is not found', 'true\nnosuch --option'],
    ['a syntax error', 'echo a\nif true; fi'],
    ['an exit code', 'echo out; echo err >&2; exit 7'],
    ['a signal', 'kill -TERM $$'],
    ['a program that ends by a signal in its place', 'python3 -c "import os; os.kill(os.getpid(), 11)"'],
    ['standard input at its end', 'cat; read line; echo $?'],
    ['a long command', `: ${'x'.repeat(5000)}; echo end`],
    ['a command of other alphabets', 'echo "Grüße, 世界"'],
    ['options that end it', 'set -euo pipefail; false | true; echo never'],
    ['a job in the background', 'sleep 0.01 & wait; jobs; echo $?'],
    ['itself', 'kill -0 $$ && echo $(( $$ == BASHPID ))'],
  ])('differs in nothing from one that was not: %s', async (_what, command) => {
    const [anew, ahead] = await runTwice('same', command);
    expect(ahead).toEqual(anew);
  });

  it('gets the command that it was sent although code has stopped it', async () => {
    const stop = `${FIND_WAITING}
os.kill(waiting, signal.SIGSTOP)`;
    await server.shell('stops', 'true');
    expect((await server.execute('stops', stop)).body).toMatchObject({ success: true });
    expect((await server.shell('stops', WAS_WAITING)).body.output).toBe('ahead\n');
  });

  it('cannot be traced or read while it waits', async () => {
    const look = `${FIND_WAITING}
for name in 'mem', 'environ', 'fd/1':
    try: os.close(os.open(f'/proc/{waiting}/{name}', os.O_RDONLY))
    except OSError as error: print(error.strerror)`;
    await server.shell('looks', 'true');
    // gVisor closes the memory of such a process, though not the rest.
    const closed = IS_GVISOR ? 'Permission denied\nNo such device or address\n' : 'Permission denied\n'.repeat(3);
    expect((await server.execute('looks', look)).body.output).toBe(closed);
  });
});
