import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEvents } from '../../support/event-stream.ts';
import { type Answer, type RealServer, startRealServer } from '../../support/real-server.ts';
import { IS_GVISOR } from '../../support/runtime.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
}, 120_000);

afterAll(async () => await server?.close(), 120_000);

const exitOf = async (method: string, path: string, body?: unknown) => {
  const headers = { 'X-API-Key': server.apiKey, 'Content-Type': 'application/json' };
  const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  const events = await readEvents(fetch(`${server.url}/sandbox/u/${path}`, init));
  return events.find(({ event }) => event === 'exit')?.data;
};

/** The files that an answer tells, shortly. */
const told = ({ files }: Answer['body']) =>
  files.map(({ path, size, change }: Record<string, unknown>) => `${change} ${path} ${size}`);

describe('the files that a run has changed', { timeout: 120_000 }, () => {
  it('are in the answers of execute and of shell, by name, and empty where nothing has changed', async () => {
    const first = await server.execute('u', 'open("b.txt", "w").write("two!")\nopen("a.txt", "w").write("one")');
    expect(first.body).toMatchObject({ success: true, files_truncated: false });
    expect(told(first.body)).toEqual(['created /workspace/a.txt 3', 'created /workspace/b.txt 4']);
    const second = await server.shell('u', 'rm a.txt; echo more >> b.txt; mkdir .cache; touch .cache/x');
    expect(told(second.body)).toEqual(['deleted /workspace/a.txt null', 'modified /workspace/b.txt 9']);
    expect((await server.shell('u', 'cat b.txt')).body.files).toEqual([]);
    const script = await server.execute('u', 'require("fs").writeFileSync("c.js.txt", "js")', {
      language: 'javascript',
    });
    expect(told(script.body)).toEqual(['created /workspace/c.js.txt 2']);
  });

  it('are null where they are not to be looked for, and absent where no program of the user runs', async () => {
    const { body } = await server.shell('u', 'touch unseen', { track_files: false });
    expect(body).toMatchObject({ success: true, files: null, files_truncated: false });
    expect((await server.call('GET', '/sandbox/u/pip/list')).body).not.toHaveProperty('files');
    const wrong = await server.execute('u', '1', { track_files: 'no' });
    expect([wrong.status, wrong.body.detail[0].loc]).toEqual([422, ['body', 'track_files']]);
  });

  it('are in the end of streams, of processes and of cells', async () => {
    expect(told(await exitOf('POST', 'shell', { command: 'printf x > streamed', stream: true }))).toEqual([
      'created /workspace/streamed 1',
    ]);
    const started = await server.call('POST', '/sandbox/u/processes', { command: 'printf yy > kept' });
    expect(told(await exitOf('GET', `processes/${started.body.id}/events`))).toEqual(['created /workspace/kept 2']);
    const cell = await server.call('POST', '/sandbox/u/contexts/default/execute', { code: '!printf zzz > cell' });
    expect(told(cell.body)).toEqual(['created /workspace/cell 3']);
    const code = '%%writefile cell\nlonger';
    expect(told(await exitOf('POST', 'contexts/default/execute', { code, stream: true }))).toEqual([
      'modified /workspace/cell 7',
    ]);
    const silent = { code: '!rm cell', track_files: false };
    expect((await server.call('POST', '/sandbox/u/contexts/default/execute', silent)).body.files).toBeNull();
    expect(await exitOf('POST', 'execute', { code: '1', stream: true, track_files: false })).toMatchObject({
      files: null,
    });
  });

  it('are not what the API itself writes meanwhile', async () => {
    const path = '/sandbox/u/processes';
    const started = await server.call('POST', path, {
      argv: ['sh', '-c', 'read line; printf own > own.txt'],
      stdin: true,
    });
    expect(started.body).toMatchObject({ state: 'running' });
    const { id } = started.body;
    const raw = `/sandbox/u/raw?path=/workspace/uploaded.txt`;
    const init = { headers: { 'x-api-key': server.apiKey }, body: 'theirs' };
    expect((await server.call('PUT', raw, undefined, init)).status).toBeLessThan(300);
    const moved = await server.call('POST', '/sandbox/u/fs/move', { from: 'uploaded.txt', to: 'moved.txt' });
    expect(moved.status).toBe(200);
    await server.call('POST', `${path}/${id}/stdin`, undefined, { ...init, body: 'go\n' });
    expect(told(await exitOf('GET', `processes/${id}/events`))).toEqual(['created /workspace/own.txt 3']);
  });

  it('are found in a workspace that has been there before its sandbox was started', async () => {
    await server.shell('u', 'mkdir -p deep/er; printf 1 > deep/er/file; printf 1 > deep/gone');
    await server.call('DELETE', '/sandbox/u');
    const { body } = await server.shell('u', 'printf 22 > deep/er/file; rm deep/gone');
    expect(told(body)).toEqual(['modified /workspace/deep/er/file 2', 'deleted /workspace/deep/gone null']);
  });

  it('are the first hundred of many, and names that are not UTF-8 have their bytes', async () => {
    const { body } = await server.shell('u', 'mkdir many; cd many; for i in $(seq 1000 1119); do : > $i; done');
    expect(body.files_truncated).toBe(true);
    expect(body.files.map(({ path }: { path: string }) => path.slice(-4))).toEqual(
      Array.from({ length: 100 }, (_, index) => `${1000 + index}`),
    );
    const odd = await server.shell('u', "printf x > $'\\xff'; rm -r many");
    const last = await server.shell('u', "rm $'\\xff'");
    expect(odd.body.success).toBe(true);
    expect(last.body.files).toEqual([
      { path: '/workspace/\uFFFD', path_base64: 'L3dvcmtzcGFjZS//', size: null, change: 'deleted' },
    ]);
  });

  it('cannot be told where there are more folders than can be watched, and runs go on', async () => {
    const many = 'import os\nfor i in range(20100): os.mkdir("/workspace/many-%05d" % i)';
    const made = (await server.execute('u', many, { timeout: 100 })).body;
    // gVisor holds one of this machine's descriptors for each.
    if (IS_GVISOR) return expect(made).toMatchObject({ success: false, error: expect.stringMatching('Too many open') });
    expect(made).toMatchObject({ success: true, files: null });
    const { body } = await server.shell('u', 'printf x > after; rm -r many-*', { timeout: 100 });
    expect(body).toMatchObject({ success: true, files: null, files_truncated: false });
  });
});
