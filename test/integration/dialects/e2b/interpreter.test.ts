import { Sandbox, SandboxError } from '@e2b/code-interpreter';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../../support/real-server.ts';
import { IS_GVISOR } from '../../../support/runtime.ts';

const KEY = 'e2b_0123456789abcdef0123456789abcdef';

let server: RealServer;
let sandbox: Sandbox;

beforeAll(async () => {
  server = await startRealServer({ SANDBOX_API_KEY: KEY });
  const options = { apiKey: KEY, apiUrl: server.url, sandboxUrl: server.url };
  sandbox = await Sandbox.create({ ...options, envs: { FOO: 'bar' }, timeoutMs: 300_000 });
});

afterAll(async () => {
  await server.close();
});

describe('code of the published interpreter client', () => {
  it('has a value, outputs and a number, and variables that stay', async () => {
    const first = await sandbox.runCode('import os, sys\nx = 20\nprint("out"); print("err", file=sys.stderr)\nx + 1');
    expect([first.text, first.logs, first.executionCount]).toEqual(['21', { stdout: ['out\n'], stderr: ['err\n'] }, 1]);
    const second = await sandbox.runCode('x += 2; x, os.getcwd()');
    expect([second.text, second.executionCount]).toEqual(["(22, '/home/user')", 2]);
    expect((await sandbox.runCode('"plain"')).text).toBe('plain');
    expect((await sandbox.runCode('{"a": [1, None]}')).results[0]?.json).toEqual({ a: [1, null] });
  });

  it('fails as itself', async () => {
    for (const [language, code, name, where] of [
      ['python', '1/0', 'ZeroDivisionError', '1/0'],
      ['javascript', 'null.x', 'TypeError', 'cell-1'],
      ['typescript', 'const wrong: = 1', 'SyntaxError', 'const wrong: = 1'],
    ] as const) {
      const { error, logs } = await sandbox.runCode(code, { language });
      expect([error?.name, error?.traceback, logs]).toEqual([
        name,
        expect.stringContaining(where),
        { stdout: [], stderr: [] },
      ]);
    }
    expect((await sandbox.runCode('import os; os._exit(3)')).error?.name).toBe('UnexpectedEndOfExecution');
  });

  it('lives on after what is no source text', async () => {
    await sandbox.runCode('kept = 1');
    const { error } = await sandbox.runCode('a\0b');
    expect(error?.name).toMatch(/ValueError|SyntaxError/);
    expect(error?.traceback).toBe(`${error?.name}: ${error?.value}`);
    expect((await sandbox.runCode('kept')).text).toBe('1');
  });

  it('is told at once that nobody types what it asks for', async () => {
    const { error } = await sandbox.runCode('kept = 2\ninput("name? ")');
    expect(error).toMatchObject({ name: 'NoInput', value: expect.stringContaining('nobody types') });
    expect((await sandbox.runCode('kept')).text).toBe('2');
  });

  it('has variables of the sandbox, and of one call alone', async () => {
    const envs = { FOO: "it's", ONE: '1' };
    const read = 'import os; os.environ.get("FOO"), os.environ.get("ONE")';
    expect((await sandbox.runCode(read, { envs })).text).toBe("(\"it's\", '1')");
    expect((await sandbox.runCode(read)).text).toBe("('bar', None)");
    const js = await sandbox.runCode('process.env.ONE + process.env.FOO', { language: 'js', envs });
    expect(js.text).toBe("1it's");
    const bash = await sandbox.runCode('echo $FOO $ONE', { language: 'bash', envs });
    expect(bash.logs.stdout.join('')).toBe("it's 1\n");
  });

  it('is not run where the variables of its call cannot be set', async () => {
    const own = await sandbox.createCodeContext();
    await sandbox.runCode('import os\nos.environ.update = None', { context: own });
    await expect(sandbox.runCode('ran = True', { context: own, envs: { ONE: '1' } })).rejects.toThrow(SandboxError);
    const after = await sandbox.runCode('del os.environ.update\n"ran" in globals()', { context: own });
    expect(after.text).toBe('False');
  });

  it('runs in other languages', async () => {
    const js = await sandbox.runCode('const y = await Promise.resolve(4); console.log("hi"); y * 2', {
      language: 'js',
    });
    expect([js.text, js.logs.stdout.join('')]).toEqual(['8', 'hi\n']);
    const typed = 'interface N { n: number }\nconst n: N = { n: await Promise.resolve(y) as number };\ny + 1';
    const ts = await sandbox.runCode(typed, { language: 'ts' });
    expect(ts.text).toBe('5');
    expect((await sandbox.runCode('n.n', { language: 'js' })).text).toBe('4');
    const bash = await sandbox.runCode('pwd; false', { language: 'bash' });
    expect([bash.logs.stdout.join(''), bash.error?.value]).toEqual(['/home/user\n', 'exit status 1']);
    await expect(sandbox.runCode('1', { language: 'r' })).rejects.toThrow('500');
  });

  it('has what scripts call: sudo that runs its command as who calls it, and attributes of files', async () => {
    const script =
      'sudo -E -u root FOO=1 sh -c \'echo "$FOO $(id -un)"\'; touch a; setfattr -n user.e2b.x -v 1 a; getfattr -d a';
    const { stdout } = await sandbox.commands.run(script);
    expect(stdout).toContain('1 user\n');
    // gVisor has no attributes of files.
    expect(stdout.includes('user.e2b.x="1"')).toBe(!IS_GVISOR);
  });

  it('shows frames as data, and figures as pictures and charts', async () => {
    const frame = await sandbox.runCode(
      'import pandas as pd\npd.DataFrame({"a": [1, None], "t": pd.date_range("2020-01-01", periods=2)})',
    );
    expect(frame.results[0]?.data).toEqual({ a: [1, null], t: ['2020-01-01T00:00:00', '2020-01-02T00:00:00'] });
    const figure = await sandbox.runCode(
      'import matplotlib.pyplot as plt\nplt.bar(["x", "y"], [1, 2], label="B"); plt.ylabel("Size (m)"); plt.show()',
    );
    const [result] = figure.results;
    expect(result?.png?.slice(0, 5)).toBe('iVBOR');
    expect(result?.chart).toMatchObject({
      type: 'bar',
      y_label: 'Size (m)',
      y_unit: 'm',
      elements: [
        { label: 'x', value: 1, group: 'B' },
        { label: 'y', value: 2, group: 'B' },
      ],
    });
    expect([result?.text, result?.extra, result?.isMainResult]).toEqual([
      '<Figure size 640x480 with 1 Axes>',
      {},
      false,
    ]);
  });

  it('tells floats from integers in frames and charts, as clients in Python do', async () => {
    const { envdAccessToken: token } = sandbox as unknown as { envdAccessToken: string };
    const port = { 'e2b-sandbox-id': sandbox.sandboxId, 'e2b-sandbox-port': '49999', 'x-access-token': token };
    const textOf = async (code: string) => {
      const headers = { ...port, 'content-type': 'application/json' };
      const answer = await fetch(`${server.url}/execute`, { method: 'POST', headers, body: JSON.stringify({ code }) });
      return await answer.text();
    };
    expect(await textOf('import pandas as pd\npd.DataFrame({"a": [1.0, 2.5], "b": [1, 2]})')).toContain(
      '"data":{"a": [1.0, 2.5], "b": [1, 2]}',
    );
    const chart = await textOf('import matplotlib.pyplot as plt\nplt.plot([1.0, 2.0], [3.0, 4.5]); plt.show()');
    expect(chart).toContain('"points": [[1.0, 3.0], [2.0, 4.5]]');
  });

  it('is interrupted where its client leaves, and the next runs', async () => {
    await expect(sandbox.runCode('x = 7\nwhile True: pass', { timeoutMs: 1000 })).rejects.toThrow(/timed out/);
    expect((await sandbox.runCode('x')).text).toBe('7');
  });
});

describe('contexts of the published interpreter client', () => {
  it('are made, used, restarted and removed', async () => {
    const context = await sandbox.createCodeContext({ cwd: '/tmp' });
    expect(context).toMatchObject({ language: 'python', cwd: '/tmp', id: expect.stringMatching(/^[0-9a-f]{32}$/) });
    expect((await sandbox.runCode('import os; z = 1; os.getcwd()', { context })).text).toBe('/tmp');
    expect((await sandbox.runCode('z')).error?.name).toBe('NameError');
    expect((await sandbox.listCodeContexts()).map(({ id }) => id)).toContain(context.id);
    await sandbox.restartCodeContext(context);
    expect((await sandbox.runCode('z', { context })).error?.name).toBe('NameError');
    await sandbox.removeCodeContext(context);
    await expect(sandbox.runCode('1', { context })).rejects.toThrow(`Context ${context.id} not found`);
  });

  it('are listed behind those of Python and JavaScript, which are there from the start', async () => {
    const fresh = await Sandbox.create({ apiKey: KEY, apiUrl: server.url, sandboxUrl: server.url });
    const first = await fresh.createCodeContext();
    await fresh.runCode('1');
    const second = await fresh.createCodeContext({ language: 'bash' });
    const ids = (await fresh.listCodeContexts()).map(({ id }) => id);
    expect(ids).toEqual(['language-python', 'language-javascript', first.id, second.id]);
  });

  it('take a folder from the home of the user on', async () => {
    await sandbox.runCode('import os; os.makedirs("below/home", exist_ok=True)');
    for (const cwd of ['below/home', '~/below/home', './below/../below/home/']) {
      expect(await sandbox.createCodeContext({ cwd })).toMatchObject({ cwd: '/home/user/below/home' });
    }
    await expect(sandbox.createCodeContext({ cwd: 'none' })).rejects.toThrow('500');
    await expect(sandbox.createCodeContext({ cwd: '~other' })).rejects.toThrow('400');
  });
});
