import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIND_AGENT } from '../../support/agent-attacks.ts';
import { attack, expectAlive } from '../../support/attack.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { IS_GVISOR } from '../../support/runtime.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer({ SANDBOX_PIDS_LIMIT: '128', SANDBOX_DOCKER_MEMORY: '256m' });
});

afterAll(() => server.close());

const attackAgent = (user: string, code: string, timeout = 30) => attack(server, FIND_AGENT + code, { user, timeout });

const ENDED_INSIDE = expect.stringMatching(/ended or disturbed the sandbox’s processes/);

const LOST = { success: false, exit_code: 137, killed_by: 'SIGKILL', timed_out: false };

describe('code that kills', () => {
  it.each([
    ['the agent', 'os.kill(AGENT, 9); time.sleep(30)'],
    ['everything', 'os.kill(-1, 9); time.sleep(30)'],
  ])('%s loses its own call at once, and the next one works', async (_what, code) => {
    const body = await attackAgent('kill', code);
    expect(body).toMatchObject({ ...LOST, error: ENDED_INSIDE });
  });

  it('the zygote loses nothing', async () => {
    expect((await attackAgent('zygote', "os.kill(ZYGOTE, 9); print('on')")).output).toBe('on\n');
  });

  it('what keeps the sandbox running loses nothing, or on gVisor what runs', async () => {
    const body = await attackAgent('main', "os.kill(MAIN, 9); print('on', flush=True); time.sleep(1)");
    expect(body).toMatchObject(IS_GVISOR ? LOST : { success: true, output: 'on\n' });
  });

  it('each agent that comes loses its sandbox’s memory, not the sandbox', async () => {
    const code = `if daemonise():
    while True:
        for pid in agents():
            try: os.kill(pid, 9)
            except OSError: pass
        time.sleep(0.2)
time.sleep(30)`;
    await server.execute('killer', "open('kept.txt', 'w').write('kept')");
    await server.execute('killer', FIND_AGENT + code);
    let answers = 0;
    for (; answers < 8; answers += 1) {
      const { body } = await server.execute('killer', "import time; time.sleep(1); print(open('kept.txt').read())");
      if (body.success) break;
    }
    expect(answers).toBeLessThanOrEqual(4);
    await expectAlive(server, 'killer');
  });
});

describe('where the engine carries the stream, code that', () => {
  let carried: RealServer;
  beforeAll(async () => {
    carried = await startRealServer({ SANDBOX_AGENT_TRANSPORT: 'exec', SANDBOX_DOCKER_MEMORY: '256m' });
  });
  afterAll(() => carried.close());

  it('kills what keeps the agent connected loses its own call at once, and the next one works', async () => {
    const body = await attack(carried, `${FIND_AGENT}os.kill(KEEPER, 9); time.sleep(30)`, {
      user: 'kill',
      timeout: 30,
    });
    expect(body).toMatchObject({ ...LOST, error: ENDED_INSIDE });
  });

  it('stops what keeps the agent connected is not even noticed', async () => {
    const code = `${FIND_AGENT}os.kill(KEEPER, signal.SIGSTOP); print('on')`;
    expect((await attack(carried, code, { user: 'stop', timeout: 30 })).output).toBe('on\n');
  });
});

describe('code that stops', () => {
  it.each([
    ['the agent', 'os.kill(AGENT, signal.SIGSTOP); time.sleep(300)'],
    ['everything', 'os.kill(-1, signal.SIGSTOP); time.sleep(300)'],
  ])('%s is noticed long before its timeout, and the agent replaced', async (_what, code) => {
    const body = await attackAgent('stop', code, 300);
    expect(body).toMatchObject({ ...LOST, error: expect.stringMatching(/its agent was stopped or hangs/) });
  });

  it.each([
    ['what keeps the sandbox running', 'MAIN'],
    ['the zygote', 'ZYGOTE'],
  ])('%s is not even noticed', async (_what, pid) => {
    expect((await attackAgent('stop-other', `os.kill(${pid}, signal.SIGSTOP); print('on')`)).output).toBe('on\n');
  });
});

describe('code that reaches for the agent', () => {
  const reach = (pid: string) => `libc = ctypes.CDLL(None, use_errno=True)
def attempt(name, action):
    try: result = action()
    except OSError: return
    if result is None or result >= 0: print(name)
for name in 'mem', 'environ', 'maps', 'fd/0', 'fd/3', 'cwd', 'root', 'exe', 'ns/net', 'stack', 'syscall', 'auxv', 'oom_score_adj':
    attempt(name, lambda: os.close(os.open(f'/proc/{${pid}}/{name}', os.O_RDWR if name in ('mem', 'oom_score_adj') else os.O_RDONLY)))
attempt('fd', lambda: len(os.listdir(f'/proc/{${pid}}/fd')))
attempt('pidfd_getfd', lambda: libc.syscall(438, os.pidfd_open(${pid}), 0, 0))
attempt('trace', lambda: libc.ptrace(0x4206, ${pid}, 0, 0))
`;

  it('can do all of it to a process of its own, and nothing to the agent', async () => {
    const own = '\nchild = os.fork()\nif child == 0: time.sleep(100)\n';
    const off = await attackAgent('reach', `${own + reach('child')}\nos.kill(child, 9)`);
    // gVisor lets nobody open the memory of a process by its file.
    const ways = ['environ', 'maps', 'exe', 'fd', 'trace', ...(IS_GVISOR ? [] : ['mem'])];
    expect(off.output.split('\n')).toEqual(expect.arrayContaining(ways));
    // It closes the memory, the folders and the tracing of an undumpable process, and leaves these open.
    const open = IS_GVISOR ? 'environ\nmaps\nfd/0\nns/net\nauxv\nfd\n' : '';
    expect((await attackAgent('reach', reach('AGENT'))).output).toBe(open);
  });

  it('does not find the secret of its sandbox in what it may read of the agent', async () => {
    const code = `for name in 'environ', 'maps', 'cmdline', 'auxv':
    try: print(name, open(f'/proc/{AGENT}/{name}', 'rb').read())
    except OSError: pass`;
    const { output } = await attackAgent('secret', code);
    const ids = (await readdir(server.dataDir)).filter((name) => name.startsWith('secret-'));
    const records = await Promise.all(ids.map((id) => readFile(join(server.dataDir, id, 'sandbox.json'), 'utf8')));
    const secrets = records.map((record) => String(JSON.parse(record).secret));
    expect(secrets.length).toBe(2);
    for (const secret of secrets) expect(output).not.toContain(secret);
    expect(output).toContain('cmdline');
  });

  it('writes forged frames to every descriptor that it can open, in vain', async () => {
    const code = `import glob, struct
forged = struct.pack('>IIBB', 2, 1, 7, 0) + b'{}'
for path in glob.glob('/proc/[0-9]*/fd/*'):
    try:
        fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        os.write(fd, forged)
    except OSError: pass
os.write(1, b'done')`;
    const body = await attackAgent('forge', code);
    expect(body.success).toBe(true);
    expect(body.output).toMatch(/done$/);
  });

  it.each([
    ['lowers its limits', 'resource.prlimit(AGENT, resource.RLIMIT_NOFILE, (1, 1))'],
    ['lowers its priority', 'os.setpriority(os.PRIO_PROCESS, AGENT, 19)'],
  ])('%s: loses its own call', async (_what, code) => {
    expect(await attackAgent('limits', `import resource\n${code}`)).toMatchObject(LOST);
  });

  it('lowers the limits of the zygote: the next run has new ones', async () => {
    const code = 'import resource; resource.prlimit(ZYGOTE, resource.RLIMIT_NOFILE, (9, 9))';
    expect((await attackAgent('zygote-limits', code)).success).toBe(true);
    const { body } = await server.execute('zygote-limits', 'import resource; print(resource.getrlimit(7)[0] > 1000)');
    expect(body.output).toBe('True\n');
  });
});
