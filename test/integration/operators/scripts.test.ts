import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
});

afterAll(() => server.close());

interface Ending {
  readonly out: string;
  readonly err: string;
  readonly code: number;
}

/** A machine that others keep busy takes several times as long to import. */
const LONG = { timeout: 120 };

/** The code as `execute` runs it. */
async function warm(code: string): Promise<Ending> {
  const { body } = await server.execute('main', code, LONG);
  return { out: body.output, err: body.stderr, code: body.exit_code };
}

/** The code as a script that the sandbox's own python3 runs from the shell. */
async function plain(code: string): Promise<Ending> {
  await server.call('POST', '/sandbox/main/file', { path: '/workspace/script.py', content: code });
  const command =
    'python3 script.py < /dev/null 2> errors | cat; code=$' + '{PIPESTATUS[0]}; cat errors >&2; exit $code';
  const { body } = await server.shell('main', command, LONG);
  return { out: body.output, err: body.stderr, code: body.exit_code };
}

describe('execute runs code as python3 runs a script, whose standard output', () => {
  const programs: Readonly<Record<string, string>> = {
    'is given another encoding': 'import sys; sys.stdout.reconfigure(encoding="utf-8"); print("ok")',
    'is wrapped': 'import sys, io; sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8"); print("ok é")',
    'takes a table of pandas':
      'import sys, pandas as pd; pd.DataFrame({"a": [1, 2]}).to_csv(sys.stdout.buffer, index=False)',
    'takes a table as text': 'import sys, pandas as pd; pd.DataFrame({"a": ["売上"]}).to_csv(sys.stdout)',
    'takes a picture':
      'import sys, matplotlib.pyplot as plt; plt.plot([1, 2]); plt.savefig(sys.stdout.buffer, format="svg", metadata={"Date": None}); ' +
      'sys.stdout.flush()',
    'takes an archive':
      'import sys, zipfile\nwith zipfile.ZipFile(sys.stdout.buffer, "w") as z: z.writestr(zipfile.ZipInfo("a"), "text")',
    'is written in a child too':
      'import os, sys\npid = os.fork()\nsys.stdout.reconfigure(encoding="utf-8")\nif pid: os.waitpid(pid, 0)\nprint("parent" if pid else "child")',
    'is stderr': 'import sys, io; sys.stderr = io.TextIOWrapper(sys.stderr.buffer); print("ok", file=sys.stderr)',
    'says where it is': 'import sys\ntry: sys.stdout.tell()\nexcept OSError as error: print(type(error), error)',
  };

  for (const [name, code] of Object.entries(programs)) {
    it(name, async () => {
      const normal = (ending: Ending) => ({ ...ending, out: ending.out.replace(/\b[a-z]?[0-9a-f]{9,}\b/g, 'N') });
      const expected = await plain(code);
      expect(expected.code).toBe(0);
      expect(normal(await warm(code))).toEqual(normal(expected));
    });
  }
});

describe('code that uses packages which were imported ahead', () => {
  const imports = 'import numpy, pandas, matplotlib.pyplot';
  const isPreloaded = async () =>
    (await server.execute('main', `import sys; print("pandas" in sys.modules)\n${imports}`, LONG)).body.output;

  beforeAll(async () => {
    await warm(imports);
    while ((await isPreloaded()) !== 'True\n');
  });

  it.each([
    [
      'a variable for matplotlib',
      'import os\nos.environ["MPLBACKEND"] = "svg"\nimport matplotlib.pyplot as plt\nprint(plt.get_backend())',
      'svg\n',
    ],
    [
      'a variable that a module of the workspace sets',
      'open("chooses.py", "w").write("import os; os.environ[\'MPLBACKEND\'] = \'pdf\'")\nimport chooses, pandas\nimport matplotlib\nprint(matplotlib.get_backend())',
      'pdf\n',
    ],
    [
      'a variable for the algebra of numpy',
      'import os\nos.environ["OPENBLAS_NUM_THREADS"] = "1"\nimport numpy as np\nnp.ones((500, 500)) @ np.ones((500, 500))\nprint(len(os.listdir("/proc/self/task")))',
      '1\n',
    ],
    [
      'its own settings of matplotlib',
      'open("matplotlibrc", "w").write("figure.dpi: 51")\nimport matplotlib\nprint(matplotlib.rcParams["figure.dpi"])',
      '51.0\n',
    ],
    [
      'a module of its own in the place of a package',
      'import os\nos.makedirs("own", exist_ok=True)\nopen("own/pandas.py", "w").write("mine = 1")\nimport sys\nsys.path.insert(0, "own")\nimport pandas\nprint(pandas.mine)',
      '1\n',
    ],
  ])('finds %s as without that', async (_what, code, output) => {
    expect((await warm(code)).out).toBe(output);
    expect((await plain(code)).out).toBe(output);
  });

  it('finds settings of matplotlib that an earlier run has written', async () => {
    await warm('open("matplotlibrc", "w").write("figure.dpi: 52")');
    const show = 'import matplotlib\nprint(matplotlib.rcParams["figure.dpi"])';
    expect((await warm(show)).out).toBe('52.0\n');
    await warm('import os\nos.unlink("matplotlibrc")');
    expect((await warm(show)).out).not.toBe('52.0\n');
  });

  it('finds nothing of them where it imports none', async () => {
    const shown = await warm('import sys\nprint(sorted(set(sys.modules) & {"numpy", "pandas", "matplotlib"}))');
    expect(shown.out).toBe('[]\n');
  });
});
