import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureBaseImage } from '../../support/base-image.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
});

afterAll(() => server.close());

const THEN = '1700000000';

/** All the ways by which a file gets other content; size and second of its change stay as they are. */
const WAYS: Readonly<Record<string, (user: string, path: string, text: string) => Promise<unknown>>> = {
  'the file route': (user, path, content) => server.call('POST', `/sandbox/${user}/file`, { path, content }),
  'an upload': (user, path, body) =>
    server.call('PUT', `/sandbox/${user}/raw?path=${encodeURIComponent(path)}`, undefined, {
      headers: { 'x-api-key': server.apiKey, 'content-type': 'application/octet-stream' },
      body,
    }),
  'code that sets the time of the change': (user, path, text) =>
    server.execute(
      user,
      `import os
os.makedirs(os.path.dirname(${JSON.stringify(path)}), exist_ok=True)
with open(${JSON.stringify(path)}, 'w') as file: file.write(${JSON.stringify(text)})
os.utime(${JSON.stringify(path)}, (${THEN}, ${THEN}))`,
    ),
  'a shell that puts another file in its place': (user, path, text) =>
    server.shell(
      user,
      `mkdir -p "$(dirname ${path})"; printf %s '${text}' > new; touch -d @${THEN} new; mv new ${path}`,
    ),
};

/** All the ways by which it runs; each says the value. */
const RUNS: Readonly<Record<string, (user: string) => Promise<string>>> = {
  execute: async (user) => (await server.execute(user, 'import m, p.q.r\nprint(m.V, p.V, p.q.V, p.q.r.V)')).body.output,
  'a script': async (user) => (await server.shell(user, 'python main.py')).body.output,
  'a module of the command line': async (user) => (await server.shell(user, 'python3 -m main')).body.output,
  'a virtual environment': async (user) =>
    (await server.shell(user, 'test -e v || python3 -m venv --without-pip v; v/bin/python main.py')).body.output,
  'an isolated interpreter': async (user) =>
    (await server.shell(user, 'python3 -I -c \'import sys; sys.path.insert(0, ""); import main\'')).body.output,
};

const SOURCES = ['m.py', 'p/__init__.py', 'p/q/__init__.py', 'p/q/r.py'];

describe.each(Object.entries(WAYS))('modules that are rewritten by %s', (_way, write) => {
  it.each(Object.entries(RUNS))('are new in %s', async (_run, look) => {
    await server.call('POST', '/sandbox/u/file', {
      path: '/workspace/main.py',
      content: 'import m, p.q.r\nprint(m.V, p.V, p.q.V, p.q.r.V)',
    });
    await server.shell('u', 'mkdir -p p/q');
    for (const value of [1, 2, 3]) {
      for (const source of SOURCES) await write('u', `/workspace/${source}`, `V = ${value}`);
      expect(await look('u')).toBe(`${value} ${value} ${value} ${value}\n`);
    }
  });
});

describe('what is compiled', () => {
  const TEST = (value: number) => `import conftest\ndef test(): assert ${value} == conftest.V`;
  const writeTest = (user: string, value: number) =>
    server.execute(
      user,
      `import os
for name, text in ('test_it.py', ${JSON.stringify(TEST(value))}), ('conftest.py', 'V = ${3 - value}'):
    with open(name, 'w') as file: file.write(text)
    os.utime(name, (${THEN}, ${THEN}))`,
    );

  it.each(['pytest -q', 'python -m pytest -q'])('of tests is new in %s', async (command) => {
    const user = 'tests';
    for (const value of [1, 2, 1]) {
      await writeTest(user, value);
      expect((await server.shell(user, command)).body.output).toContain(`assert ${value} == ${3 - value}`);
    }
  });

  it('of tests is new in code that runs them', async () => {
    for (const value of [1, 2]) {
      await writeTest('code', value);
      const { body } = await server.execute('code', 'import pytest\npytest.main(["-q"])');
      expect(body.output).toContain(`assert ${value} == ${3 - value}`);
    }
  });

  it('does not outlive a restart', async () => {
    const write = WAYS['code that sets the time of the change'];
    await write?.('restarted', '/workspace/m.py', 'V = 1');
    expect((await server.execute('restarted', 'import m; print(m.V)')).body.output).toBe('1\n');
    await write?.('restarted', '/workspace/m.py', 'V = 2');
    await server.call('POST', '/sandbox/restarted/restart');
    expect((await server.execute('restarted', 'import m; print(m.V)')).body.output).toBe('2\n');
    expect((await server.shell('restarted', 'python -c "import m; print(m.V)"')).body.output).toBe('2\n');
  });

  it('serves while its source stays, and the image’s own modules are not compiled at all', async () => {
    await server.execute('kept', "open('m.py', 'w').write('V = 1')");
    const compiled = async () => {
      const { body } = await server.execute(
        'kept',
        'import m, json, pandas, os\nprint(os.stat(m.__cached__).st_ino, os.access(json.__cached__, os.R_OK))',
      );
      return body.output;
    };
    // Within a tick of the kernel's clock a source cannot be told from one that was read before it.
    let before = '';
    for (let after = await compiled(); after !== before; after = await compiled()) before = after;
    expect(await compiled()).toBe(before);
    expect(before).toMatch(/^\d+ True\n$/);
  });
});

it('code that is executed in an image without this project’s own Python finds modules as they are', async () => {
  const foreign = await ensureBaseImage('python:3.12-slim');
  const own = await startRealServer({ SANDBOX_DOCKER_IMAGE: foreign });
  try {
    expect((await own.shell('u', 'ls /usr/lib/clara/python')).body.success).toBe(false);
    for (const value of [1, 2, 3]) {
      await own.execute(
        'u',
        `import os\nopen('m.py', 'w').write('V = ${value}'); os.utime('m.py', (${THEN}, ${THEN}))`,
      );
      expect((await own.execute('u', 'import m; print(m.V)')).body.output).toBe(`${value}\n`);
    }
  } finally {
    await own.close();
  }
});
