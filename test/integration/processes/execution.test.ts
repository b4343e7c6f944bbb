import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { IS_GVISOR } from '../../support/runtime.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
  await server.call('POST', '/sandbox/main/create');
});

afterAll(() => server.close());

/** The processes of a sandbox whose command line holds the text. */
async function processesWith(user: string, text: string): Promise<string[]> {
  const { body } = await server.execute(
    user,
    `import os
for pid in filter(str.isdigit, os.listdir('/proc')):
    try: line = open(f'/proc/{pid}/cmdline').read()
    except OSError: continue
    if int(pid) != os.getpid() and ${JSON.stringify(text)} in line: print(pid, line)`,
  );
  expect(body.success).toBe(true);
  return body.output.split('\n').filter((line: string) => line !== '');
}

describe('Python', () => {
  it('runs in the container of its user, as a user without rights', async () => {
    const { status, body } = await server.execute(
      'main',
      `import os
print(os.getuid() == os.getgid() > 1000, os.getcwd(), os.environ['HOME'])
print([line.split()[1] for line in open('/proc/self/status') if line.startswith(('CapEff', 'Seccomp:'))])
import ctypes
print(ctypes.CDLL(None).prctl(39, 0, 0, 0, 0))
try: open('/etc/owned', 'w')
except OSError as error: print(error.strerror)`,
    );
    expect(status).toBe(200);
    expect(body.error).toBeNull();
    const [seccomp, refusal] = IS_GVISOR ? ['0', 'Permission denied'] : ['2', 'Read-only file system'];
    expect(body.output).toBe(`True /workspace /home/user\n['0000000000000000', '${seccomp}']\n1\n${refusal}\n`);
  });

  it('gives 16 callers of one user 16 right answers', async () => {
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        server.execute('main', `import time; time.sleep(${(index % 4) / 20}); print('answer', ${index} * 1000)`),
      ),
    );
    expect(answers.map(({ body }) => body.output)).toEqual(
      Array.from({ length: 16 }, (_, index) => `answer ${index * 1000}\n`),
    );
  });

  it('reports failures as results: traceback, exit code, signal', async () => {
    const thrown = (await server.execute('main', 'def f():\n    raise ValueError("bad")\nf()')).body;
    expect(thrown).toMatchObject({ success: false, exit_code: 1, output: '' });
    expect(thrown.error).toMatch(/line 3, in <module>[\s\S]*line 2, in f[\s\S]*ValueError: bad/);
    expect((await server.execute('main', 'raise SystemExit(7)')).body).toMatchObject({
      success: false,
      exit_code: 7,
      error: 'Exit code: 7',
    });
    expect((await server.execute('main', 'import os; os.kill(os.getpid(), 11)')).body).toMatchObject({
      success: false,
      exit_code: 139,
      killed_by: 'SIGSEGV',
    });
    expect((await server.execute('main', 'import os; os.abort()')).body).toMatchObject({
      exit_code: 134,
      killed_by: 'SIGABRT',
    });
    expect((await server.shell('main', 'kill -IO $$')).body).toMatchObject({ exit_code: 157, killed_by: 'SIGIO' });
    expect((await server.execute('main', 'print(')).body.error).toMatch(/SyntaxError/);
  });

  it('kills the whole tree at the timeout and keeps what was written', async () => {
    const { body } = await server.execute(
      'main',
      `import subprocess, sys
subprocess.Popen(['sleep', '7771'])
subprocess.Popen(['setsid', 'sleep', '7772'])
subprocess.Popen(['sh', '-c', '(setsid sleep 7773 &) ; sleep 7774'])
subprocess.Popen(['sh', '-c', 'trap "" TERM; while true; do sleep 7775; done'])
print('before')
import time; time.sleep(60)`,
      // Time to come to its sleep on a machine that others keep busy.
      { timeout: 3 },
    );
    expect(body).toMatchObject({
      success: false,
      exit_code: 124,
      output: 'before\n',
      error: 'Execution timed out after 3 seconds',
      timed_out: true,
    });
    expect(await processesWith('main', '777')).toEqual([]);
  });

  it('leaves nothing behind when its caller goes away', async () => {
    const abort = new AbortController();
    const marker = `/workspace/began-${process.pid}`;
    const running = server.call(
      'POST',
      '/sandbox/main/execute',
      { code: `open(${JSON.stringify(marker)}, 'w').close()\nimport os; os.system('sleep 8881')`, timeout: 60 },
      { signal: abort.signal },
    );
    running.catch(() => undefined);
    await server.shell('main', `until [ -e ${marker} ] && pgrep -f 'sleep 8881' | grep -qv $$; do sleep 0.05; done`);
    abort.abort();
    await expect(running).rejects.toThrow();
    const gone = await server.shell('main', 'while pgrep -x sleep -a | grep -q 8881; do sleep 0.05; done; echo gone', {
      timeout: 20,
    });
    expect(gone.body.output).toBe('gone\n');
  });
});

describe('output', () => {
  it('of 20 MB keeps both ends and says how much is missing', async () => {
    const { body } = await server.execute('main', "print('a' * 10_000_000 + 'b' * 10_000_000 + 'END')");
    expect(body).toMatchObject({ success: true, output_truncated: true });
    expect(body.output.length).toBeLessThan(1_100_000);
    expect(body.output.startsWith('aaa')).toBe(true);
    expect(body.output.endsWith('bEND\n')).toBe(true);
    expect(body.output).toContain(`[… ${20_000_004 - 2 ** 20} bytes of output left out …]`);
  });

  it('that is not UTF-8 is decoded with replacement', async () => {
    const { body } = await server.shell('main', "printf 'a\\xffb'");
    expect(body).toMatchObject({ success: true, output: 'a\ufffdb' });
  });

  it('on stderr shows on success as well', async () => {
    const { body } = await server.shell('main', 'echo careful >&2; echo fine');
    expect(body).toMatchObject({ success: true, output: 'fine\n', error: 'careful\n' });
  });
});

describe('the shell', () => {
  it('times out with its own sentence', async () => {
    const { body } = await server.shell('main', 'echo part; sleep 50', { timeout: 1 });
    expect(body).toMatchObject({ exit_code: 124, output: 'part\n', error: 'Command timed out after 1 seconds' });
  });

  it('answers when the command is done, though something it left holds the output open', async () => {
    const { body } = await server.shell('main', 'sleep 20 & echo done', { timeout: 10 });
    expect(body).toMatchObject({ success: true, output: 'done\n' });
    await server.shell('main', 'pkill -x sleep');
  });
});

describe('pip', () => {
  const wheel = `import zipfile
with zipfile.ZipFile('/workspace/clara_probe-1.0-py3-none-any.whl', 'w') as z:
    z.writestr('clara_probe.py', 'ANSWER = 42')
    z.writestr('clara_probe-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: clara-probe\\nVersion: 1.0\\n')
    z.writestr('clara_probe-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    z.writestr('clara_probe-1.0.dist-info/RECORD', 'clara_probe.py,,\\nclara_probe-1.0.dist-info/METADATA,,\\nclara_probe-1.0.dist-info/WHEEL,,\\nclara_probe-1.0.dist-info/RECORD,,\\n')
`;

  it('installs for good: through stop, restart and delete with create', async () => {
    const user = 'pip-user';
    await server.execute(user, wheel);
    expect((await server.execute(user, 'import clara_probe')).body.success).toBe(false);
    const install = await server.call('POST', `/sandbox/${user}/pip/install`, {
      package: '/workspace/clara_probe-1.0-py3-none-any.whl',
    });
    expect(install.body).toMatchObject({ success: true });
    const probe = async () => (await server.execute(user, 'import clara_probe; print(clara_probe.ANSWER)')).body.output;
    expect(await probe()).toBe('42\n');
    expect((await server.call('GET', `/sandbox/${user}/pip/list`)).body.output).toMatch(/clara-probe\s+1\.0/);
    await server.call('POST', `/sandbox/${user}/stop`);
    expect(await probe()).toBe('42\n');
    await server.call('POST', `/sandbox/${user}/restart`);
    expect(await probe()).toBe('42\n');
    await server.call('DELETE', `/sandbox/${user}`);
    await server.call('POST', `/sandbox/${user}/create`);
    expect(await probe()).toBe('42\n');
  });

  it('installs within a run that then imports what it has installed, the first of its sandbox too', async () => {
    const { body } = await server.execute(
      'pip-at-once',
      `${wheel}
import subprocess, sys
subprocess.check_call([sys.executable, '-m', 'pip', 'install', '--quiet', '/workspace/clara_probe-1.0-py3-none-any.whl'])
import clara_probe
print(clara_probe.ANSWER)`,
      { timeout: 120 },
    );
    expect(body).toMatchObject({ success: true, output: '42\n' });
  });

  it('installs what a person means, however that is written', async () => {
    const user = 'pip-words';
    const make = `import os, zipfile
os.makedirs('/workspace/wheels'); os.makedirs('/home/user/.config/pip')
open('/home/user/.config/pip/pip.conf', 'w').write('[global]\\nno-index = true\\nfind-links = /workspace/wheels\\n[install]\\nforce-reinstall = true\\n')
for name in 'clara_a', 'clara_b':
    with zipfile.ZipFile(f'/workspace/wheels/{name}-1.0-py3-none-any.whl', 'w') as z:
        info = f'{name}-1.0.dist-info/'
        z.writestr(f'{name}.py', '')
        z.writestr(info + 'METADATA', f'Metadata-Version: 2.1\\nName: {name}\\nVersion: 1.0\\nProvides-Extra: x\\n')
        z.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
        z.writestr(info + 'RECORD', f'{name}.py,,\\n{info}METADATA,,\\n{info}WHEEL,,\\n{info}RECORD,,\\n')`;
    expect((await server.execute(user, make)).body).toMatchObject({ success: true });
    for (const text of [
      '"clara-a>=1" \'clara-b\'',
      'clara-a (>=1),\nclara-b ( <2 ),',
      'clara-a\t>=1\n# the other\nclara-b[x]; python_version > "3"',
      'clara-b clara-a@file:///workspace/wheels/clara_a-1.0-py3-none-any.whl',
      '!pip install "/workspace/wheels/clara_a-1.0-py3-none-any.whl" wheels/clara_b-1.0-py3-none-any.whl',
    ]) {
      const { body } = await server.call('POST', `/sandbox/${user}/pip/install`, { package: text });
      expect(body).toMatchObject({
        success: true,
        output: expect.stringMatching(/Successfully installed.*clara-?_?a.*clara/),
      });
    }
    for (const text of ['-r requirements.txt', '"--upgrade" clara-a', '# nothing']) {
      expect((await server.call('POST', `/sandbox/${user}/pip/install`, { package: text })).status).toBe(422);
    }
  }, 180_000);

  it('says that a version is not to be had, instead of that it is there already', async () => {
    const { body } = await server.call('POST', '/sandbox/main/pip/install', { package: 'pip>=999', timeout: 60 });
    expect(body.success).toBe(false);
    expect(body.error).toMatch(/No matching distribution|Could not find/);
    expect((await server.shell('main', 'ls -a /workspace')).body.output).not.toContain('=999');
  });
});
