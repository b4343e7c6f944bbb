import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type RealServer, startRealServer } from '../../../support/real-server.ts';

let server: RealServer;
let id: string;

beforeAll(async () => {
  server = await startRealServer();
  id = await make({});
});

afterAll(() => server.close());

async function make(body: Readonly<Record<string, unknown>>): Promise<string> {
  const made = await server.call('POST', '/sandboxes', body);
  expect(made).toMatchObject({ status: 200 });
  return made.body.sandbox_id;
}

const post = (route: string, body: unknown, sandbox = id): Promise<Answer> =>
  server.call('POST', `/sandboxes/${sandbox}/${route}`, body);

const code = async (source: string, more: Readonly<Record<string, unknown>> = {}, sandbox = id) =>
  (await post('code', { code: source, ...more }, sandbox)).body;

const command = async (line: string, more: Readonly<Record<string, unknown>> = {}, sandbox = id) =>
  (await post('command', { command: line, ...more }, sandbox)).body;

const files = async (body: unknown, sandbox = id) => await post('filesystem', body, sandbox);

describe('files of a K2 client', () => {
  it('are written, listed, read and deleted', async () => {
    const folder = '/home/user/of-files';
    expect((await files({ action: 'write', path: `${folder}/a.txt`, content: 'Grüße' })).body).toEqual({
      files: null,
      content: null,
      message: 'File written successfully',
    });
    await files({ action: 'write', path: 'of-files/.empty', content: '' });
    await command('mkdir of-files/inner');
    const listed = (await files({ action: 'list', path: folder })).body;
    expect(listed).toMatchObject({ content: null, message: null });
    expect(listed.files).toEqual([
      { name: '.empty', is_dir: false, size: 0, path: `${folder}/.empty` },
      { name: 'a.txt', is_dir: false, size: 7, path: `${folder}/a.txt` },
      { name: 'inner', is_dir: true, size: expect.any(Number), path: `${folder}/inner` },
    ]);
    expect((await files({ action: 'list', path: `${folder}/inner` })).body.files).toEqual([]);
    expect((await files({ action: 'read', path: `${folder}/a.txt` })).body.content).toBe('Grüße');
    expect((await files({ action: 'read', path: `${folder}/.empty` })).body.content).toBe('');
    expect((await files({ action: 'delete', path: folder })).body.message).toBe('File deleted successfully');
    expect((await files({ action: 'delete', path: folder })).body.message).toBe('File deleted successfully');
    for (const action of ['list', 'read']) {
      const missing = await files({ action, path: folder });
      expect(missing.status).toBe(404);
      expect(missing.body.detail).toContain(folder);
    }
  });

  it('are those of the sandbox’s own folder where no path is named', async () => {
    const own = await make({ cwd: '/home/user/project/deep', envs: { OWN: 'variable' } });
    await files({ action: 'write', path: 'here.txt', content: '1' }, own);
    expect((await files({ action: 'list' }, own)).body.files).toMatchObject([
      { path: '/home/user/project/deep/here.txt' },
    ]);
    expect((await command('pwd; echo $OWN', {}, own)).stdout).toBe('/home/user/project/deep\nvariable\n');
    expect((await code('import os; print(os.getcwd(), os.environ["OWN"])', {}, own)).text).toBe(
      '/home/user/project/deep variable\n',
    );
  });
});

describe('the life of a K2 sandbox', () => {
  it('is stopped, refuses work, and is restarted with fresh variables, its files, folder and envs', async () => {
    const own = await make({ cwd: '/tmp/own', envs: { OWN: 'variable' } });
    await code('x = 1', {}, own);
    await command('echo kept > /home/user/file', {}, own);
    expect((await post('actions', { action: 'stop' }, own)).body).toMatchObject({ status: 'stopped' });
    expect((await server.call('GET', `/sandboxes/${own}`)).body).toMatchObject({ status: 'stopped', state: 'stopped' });
    for (const [route, body] of [
      ['code', { code: '1' }],
      ['command', { command: 'true' }],
      ['filesystem', { action: 'list' }],
    ] as const) {
      expect(await post(route, body, own)).toMatchObject({ status: 409, body: { detail: 'Sandbox is stopped' } });
    }
    expect((await post('actions', { action: 'restart' }, own)).body).toMatchObject({ status: 'running' });
    expect((await code('x', {}, own)).error).toMatchObject({ name: 'NameError' });
    expect((await command('pwd; echo $OWN; cat /home/user/file', {}, own)).stdout).toBe('/tmp/own\nvariable\nkept\n');
    expect((await post('actions', { action: 'kill' }, own)).body).toMatchObject({ status: 'killed' });
    expect(await server.call('DELETE', `/sandboxes/${own}`)).toMatchObject({ body: { status: 'deleted' } });
    expect(await server.call('GET', `/sandboxes/${own}`)).toMatchObject({ status: 404 });
  });

  it('is refused in a folder that cannot be made, and nothing is left of it', async () => {
    const { body: before } = await server.call('GET', '/sandboxes');
    const refused = await server.call('POST', '/sandboxes', { cwd: '/proc/nowhere' });
    expect(refused).toMatchObject({ status: 422, body: { detail: [{ loc: ['body', 'cwd'] }] } });
    expect(refused.body.detail[0].msg).toContain('/proc/nowhere');
    expect((await server.call('GET', '/sandboxes')).body).toEqual(before);
  });
});
