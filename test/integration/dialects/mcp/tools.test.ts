import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDeferred } from '../../../../src/async/deferred.ts';
import { type RealServer, startRealServer } from '../../../support/real-server.ts';
import { until } from '../../../support/until.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
});

afterAll(async () => {
  await server.close();
});

/** A published client of one of the two versions. */
async function connect(mode: 'legacy' | 'modern'): Promise<Client> {
  const versionNegotiation = { mode: mode === 'legacy' ? 'legacy' : { pin: '2026-07-28' } } as const;
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation });
  const requestInit = { headers: { authorization: `Bearer ${server.apiKey}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`), { requestInit }));
  return client;
}

describe.each(['legacy', 'modern'] as const)('the published client, %s', (mode) => {
  const sandbox = `mcp-${mode}`;
  let client: Client;

  beforeAll(async () => {
    client = await connect(mode);
  });

  afterAll(async () => {
    await client.close();
  });

  const call = async (name: string, args: Readonly<Record<string, unknown>>, options = {}) => {
    const result = await client.callTool({ name, arguments: { ...args, sandbox } }, options);
    const { content } = result;
    const texts = content.flatMap((block) => (block.type === 'text' ? [block.text] : []));
    return { content, text: texts.join('\n'), isError: result.isError ?? false };
  };

  it('runs Python whose variables live on, with values, pictures and tracebacks', async () => {
    expect((await call('run_python', { code: 'x = 41\nprint("hi")\nx + 1' })).text).toMatch(
      /^hi\n42\n\[exit 0, \d+ ms\]$/,
    );
    expect((await call('run_python', { code: 'x' })).text).toMatch(/^41\n/);
    expect((await call('run_python', { code: 'x', session: 'other' })).text).toMatch(/NameError.*\[exit 1, /s);
    const failed = await call('run_python', { code: 'def f():\n    return 1 / 0\nf()' });
    expect(failed.isError).toBe(false);
    expect(failed.text.match(/ZeroDivisionError: division by zero/g)).toHaveLength(1);
    expect(failed.text).not.toContain('site-packages');
    const drawn = await call('run_python', { code: 'import matplotlib.pyplot as plt\nplt.plot([1, 2]);' });
    expect(drawn.content.map(({ type }) => type)).toEqual(['image', 'text']);
    expect(drawn.content[0]).toMatchObject({ mimeType: 'image/png', data: expect.stringMatching(/^iVBORw0KGgo/) });
    expect((await call('run_python', { code: 'import time\ntime.sleep(60)', timeout: 1 })).text).toContain('timed out');
  });

  it('keeps the whole of a long output in a file, and says where', async () => {
    const { text } = await call('run_shell', {
      command: 'echo begin; head -c 60000 /dev/zero | tr "\\0" x; echo; echo end',
    });
    expect(text).toMatch(
      /^begin\nx+\n\[… \d+ characters left out; the whole is in \/workspace\/\.out\/\S+\]\nx+\nend\n/,
    );
    expect(text.length).toBeLessThan(25_000);
    const file = /truncated → (\S+)\]$/.exec(text)?.[1] ?? '';
    expect((await call('run_shell', { command: `wc -c < ${file}` })).text).toMatch(/^60011\n/);
  });

  it('runs commands, and follows and answers one in the background', async () => {
    expect((await call('run_shell', { command: 'pwd; echo no >&2; exit 3', cwd: '/tmp' })).text).toMatch(
      /^\/tmp\nstderr:\nno\n\[exit 3, \d+ ms\]$/,
    );
    const started = await call('run_shell', { command: 'echo ready; read x; echo got $x', background: true });
    const id = Number(/^Process (\d+) runs/.exec(started.text)?.[1]);
    const first = await call('process_output', { id, after: 1, wait: 60 });
    expect(first.text).toBe(`ready\n[process ${id} runs, after: 2]`);
    expect((await call('process_output', { id, after: 2 })).text).toBe(`[process ${id} runs, after: 2]`);
    expect((await call('process_input', { id, text: 'it\n' })).text).toBe(`Process ${id}: wrote 3 characters.`);
    let said = '';
    let after = 2;
    while (!said.includes('it has ended')) {
      said += (await call('process_output', { id, after, wait: 60 })).text;
      after = Number(/after: (\d+)\]?\D*$/.exec(said)?.[1]);
    }
    expect(said).toMatch(/got it\n.*\[exit 0, \d+ ms, it has ended, after: \d+\]$/s);
    const changing = { command: "printf x > a.txt; printf y > $'line\\nbreak'" };
    expect((await call('run_shell', changing)).text).toMatch(
      /^\[exit 0, \d+ ms, files changed: \/workspace\/a\.txt created; \/workspace\/line\uFFFDbreak created\]$/,
    );
    await call('run_shell', { command: 'rm a.txt line*' });
    const sleeper = await call('run_shell', { command: 'sleep 600', background: true });
    const other = Number(/^Process (\d+) runs/.exec(sleeper.text)?.[1]);
    await call('process_input', { id: other, signal: 'TERM' });
    expect((await call('process_output', { id: other, after: 1, wait: 60 })).text).toContain('killed by SIGTERM');
    expect(await call('process_output', { id: 9999 })).toMatchObject({ isError: true });
  });

  it('tells a client that asks for it that a call goes on', async () => {
    const started = await call('run_shell', { command: 'read x; echo got $x', background: true });
    const id = Number(/^Process (\d+) runs/.exec(started.text)?.[1]);
    const waits = createDeferred<void>();
    const output = call('process_output', { id, after: 1, wait: 60 }, { onprogress: () => waits.resolve() });
    await waits.promise;
    await call('process_input', { id, text: 'it\n' });
    expect((await output).text).toContain('got it');
  });

  it('waits for what a process says: that it has begun is nothing new', async () => {
    const started = await call('run_shell', { command: 'read x; echo got $x', background: true });
    const id = Number(/^Process (\d+) runs/.exec(started.text)?.[1]);
    expect((await call('process_output', { id })).text).toBe(`[process ${id} runs, after: 1]`);
    const waits = createDeferred<void>();
    const output = call('process_output', { id, wait: 60 }, { onprogress: () => waits.resolve() });
    await waits.promise;
    await call('process_input', { id, text: 'it\n' });
    expect((await output).text).toContain('got it');
  });

  it('writes, reads, edits, lists and finds files', async () => {
    await call('write_file', { path: 'a/b.txt', content: 'one\ntwo\nthree\n' });
    expect((await call('read_file', { path: 'a/b.txt' })).text).toBe('1\tone\n2\ttwo\n3\tthree');
    expect((await call('read_file', { path: 'a/b.txt', offset: 2, limit: 1 })).text).toBe(
      '2\ttwo\n[there is more; go on with offset 3]',
    );
    expect((await call('edit_file', { path: 'a/b.txt', old_text: 'two', new_text: 'TWO' })).text).toMatch(
      /-two\n\+TWO\n three\n\[1 replaced\]$/,
    );
    expect(await call('edit_file', { path: 'a/b.txt', old_text: 'e', new_text: 'E' })).toMatchObject({ isError: true });
    const all = await call('edit_file', { path: 'a/b.txt', old_text: 'e', new_text: 'E', replace_all: true });
    expect(all.text).toMatch(/\[3 replaced\]$/);
    expect((await call('list_files', { path: 'a' })).text).toBe('/workspace/a\n  b.txt  14 B');
    expect((await call('list_files', { pattern: '*.txt' })).text).toContain('/workspace/a/b.txt  14 B');
    expect((await call('search_files', { pattern: 'T.O', glob: '*.txt' })).text).toBe(
      '/workspace/a/b.txt:2:TWO\n[1 match in 1 file]',
    );
    expect((await call('search_files', { pattern: '(' })).isError).toBe(true);
    await call('run_shell', { command: 'seq 1 100000 > many.txt; head -c 3000 /dev/zero > zeros' });
    const many = await call('read_file', { path: 'many.txt', offset: 90_000, limit: 100_000 });
    expect(many.text).toMatch(/^90000\t90000\n/);
    expect(many.text.length).toBeLessThan(25_100);
    const next = Number(/go on with offset (\d+)\]$/.exec(many.text)?.[1]);
    expect((await call('read_file', { path: 'many.txt', offset: next, limit: 1 })).text).toContain(
      `${next}\t${next}\n`,
    );
    expect((await call('read_file', { path: 'zeros' })).text).toContain('is no text (2.9 KiB)');
    expect((await call('read_file', { path: '/workspace' })).isError).toBe(true);
  });

  it('lists no more than fits into an answer, and keeps the whole', async () => {
    const name = 'long-name-'.repeat(20);
    await call('run_shell', { command: `mkdir -p many; cd many; for n in $(seq 300); do : > ${name}$n.txt; done` });
    for (const args of [{ path: 'many' }, { pattern: '**/long*.txt' }]) {
      const { text } = await call('list_files', args);
      expect(text.length).toBeLessThan(25_000);
      const file = /the whole is in (\S+)\]/.exec(text)?.[1] ?? '';
      expect((await call('run_shell', { command: `grep -c long-name ${file}` })).text).toMatch(/^300\n/);
    }
    await call('run_shell', { command: 'rm -r many' });
  });

  it('looks at pictures, and writes bytes', async () => {
    const code = 'from PIL import Image\nImage.effect_noise((300, 300), 50).save("noise.png")';
    await call('run_python', { code });
    const { content } = await call('read_file', { path: 'noise.png' });
    const [picture] = content;
    if (picture?.type !== 'image') throw new Error('It is no picture.');
    await call('write_file', { path: 'copy.png', content: picture.data, encoding: 'base64' });
    expect((await call('run_shell', { command: 'cmp noise.png copy.png && echo same' })).text).toMatch(/^same\n/);
  });

  it('shares files and ports by URLs that need no key', async () => {
    await call('write_file', { path: "it's here.txt", content: 'shared' });
    const [download = ''] = (await call('share_file', { path: "it's here.txt" })).text.split('\n');
    expect(await (await fetch(download)).text()).toBe('shared');
    const [upload = ''] = (await call('share_file', { path: 'sent/up.txt', mode: 'upload' })).text.split('\n');
    expect((await fetch(upload, { method: 'PUT', body: 'sent' })).status).toBe(201);
    expect((await call('read_file', { path: 'sent/up.txt' })).text).toBe('1\tsent');
    expect((await call('share_file', { path: 'nope' })).isError).toBe(true);

    const serve = 'cd /workspace/sent && exec python3 -m http.server 8123 --bind 127.0.0.1';
    await call('run_shell', { command: serve, background: true });
    await until('it listens', async () => !(await call('open_port', { port: 8123 })).text.includes('nothing listens'));
    const { text: url } = await call('open_port', { port: 8123 });
    expect(new URL(url).hostname).toMatch(/^8123-[a-z0-9]{20}\.localhost$/);
    const { text: open } = await call('open_port', { port: 8123, public: true });
    expect(open).not.toContain('signature=');
    const { host } = new URL(open);
    const { port } = new URL(server.url);
    expect(host).toMatch(new RegExp(`:${port}$`));
  });

  it('keeps files as they were, and restores them', async () => {
    await call('write_file', { path: 'state.txt', content: 'before' });
    expect((await call('sandbox', { action: 'checkpoint', name: 'one' })).text).toMatch(/^Took checkpoint "one" \(/);
    await call('write_file', { path: 'state.txt', content: 'after' });
    expect((await call('sandbox', { action: 'list' })).text).toContain(`Sandbox ${sandbox} has checkpoint "one"`);
    await call('sandbox', { action: 'restore', name: 'one' });
    expect((await call('read_file', { path: 'state.txt' })).text).toBe('1\tbefore');
    expect((await call('sandbox', { action: 'status' })).text).toContain(`Sandbox ${sandbox} is running`);
    expect((await call('sandbox', { action: 'restart' })).text).toContain('was started anew');
  });

  it('says in a line why an installation or a download came to nothing', async () => {
    const installed = await call('install', { packages: ['numpy'] });
    expect(installed).toMatchObject({
      isError: false,
      text: expect.stringMatching(/^Already installed: numpy\n\[exit 0,/),
    });
    const fetched = await call('fetch_url', { url: 'http://127.0.0.1:9/x' });
    expect(fetched.isError).toBe(true);
    expect(fetched.text).toMatch(/^http:\/\/127\.0\.0\.1:9\/x cannot be reached: /);
  });

  it('reads files as resources', async () => {
    await call('write_file', { path: 'res/ü 1.txt', content: 'as a resource' });
    const { resources } = await client.listResources();
    expect(resources).toEqual([]);
    const uri = `sandbox://${sandbox}/workspace/res/%C3%BC%201.txt`;
    expect((await client.readResource({ uri })).contents).toEqual([
      { uri, mimeType: 'text/plain', text: 'as a resource' },
    ]);
    const { resourceTemplates } = await client.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual(['sandbox://{sandbox}/{+path}']);
  });

  it('ends what a call runs when it cancels the call', async () => {
    const seconds = mode === 'legacy' ? '611' : '612';
    const isRunning = async () => (await call('run_shell', { command: `pgrep -x -f "sleep ${seconds}" || true` })).text;
    for (const tool of ['run_shell', 'run_python'] as const) {
      const giveUp = new AbortController();
      const command = `sleep ${seconds}`;
      const args = tool === 'run_shell' ? { command } : { code: `import os; os.system("${command}")` };
      const cancelled = call(tool, { ...args, timeout: 300 }, { signal: giveUp.signal });
      await until('it runs', async () => /^\d+\n/.test(await isRunning()));
      giveUp.abort();
      await expect(cancelled).rejects.toThrow();
      await until('it is gone', async () => (await isRunning()).startsWith('[exit 0'));
    }
  });
});
