import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
});

afterAll(() => server.close());

const post = (op: string, body: object) => server.call('POST', `/sandbox/f/fs/${op}`, body);
const remove = (query: string) => server.call('DELETE', `/sandbox/f/fs?${query}`);
const shell = async (command: string): Promise<string> => (await server.shell('f', command)).body.output;

describe('folders', () => {
  it('are made, moved, copied, given modes and deleted, as the user of the sandbox', async () => {
    expect(await post('mkdir', { path: 'p/q', mode: '0750' })).toMatchObject({
      status: 201,
      body: { path: '/workspace/p/q', type: 'directory', mode: '0750', owner: 'user' },
    });
    await shell('echo hi > p/q/f; ln -s f p/q/l; mkfifo p/q/pipe');
    expect(await post('copy', { from: 'p', to: 'c/d' })).toMatchObject({
      status: 200,
      body: { path: '/workspace/c/d' },
    });
    expect(await shell('cd c/d/q; stat -c %F%U f l pipe | tr "\\n" " "; cat f; readlink l')).toBe(
      'regular fileuser symbolic linkuser fifouser hi\nf\n',
    );
    expect(await post('move', { from: 'c/d', to: '/tmp/elsewhere' })).toMatchObject({ status: 200 });
    expect(await shell('ls c; cat /tmp/elsewhere/q/l')).toBe('hi\n');
    expect((await post('chmod', { path: 'p', mode: '0700', recursive: true })).body.mode).toBe('0700');
    expect(await shell('stat -c %a p/q p/q/f')).toBe('700\n700\n');
    expect(await remove('path=p')).toMatchObject({ status: 409, body: { error: expect.stringMatching(/not empty/) } });
    expect(await remove('path=p&recursive=true')).toMatchObject({ status: 204 });
    expect(await remove('path=p')).toMatchObject({ status: 404 });
    expect(await remove('path=c')).toMatchObject({ status: 204 });
    expect(await shell('ls -A')).toBe('');
  });

  it('are replaced, moved to another disk, opened and deleted where their user has closed folders in them', async () => {
    await shell(
      'mkdir -p new; for name in a b c d; do mkdir -p $name/x/y; touch $name/x/y/f; chmod 500 $name/x/y $name/x; done',
    );
    const move = (from: string, to: string) => post('move', { from, to, overwrite: true });
    expect(await post('copy', { from: 'new', to: 'a', overwrite: true })).toMatchObject({ status: 200 });
    expect(await move('new', 'b')).toMatchObject({ status: 200 });
    expect(await move('c', '/tmp/c')).toMatchObject({ status: 200 });
    expect(await shell('ls -A; find /tmp/c -type f; chmod 0 d/x/y')).toBe('a\nb\nd\n/tmp/c/x/y/f\n');
    expect(await remove('path=/tmp/c&recursive=true')).toMatchObject({ status: 204 });
    expect(await post('copy', { from: 'd', to: 'a', overwrite: true })).toMatchObject({
      status: 422,
      body: { error: 'Permission denied: /workspace/d/x/y.' },
    });
    await shell('while ls -A | grep -q "^.clara-staged"; do :; done');
    for (const mode of ['0755', '0000', '0755']) {
      expect(await post('chmod', { path: 'd', mode, recursive: true })).toMatchObject({ status: 200, body: { mode } });
    }
    expect(await shell('stat -c %a d/x/y/f; chmod 0 d/x/y d/x d')).toBe('755\n');
    for (const name of ['a', 'b', 'd']) {
      expect(await remove(`path=${name}&recursive=true`)).toMatchObject({ status: 204 });
    }
    expect(await shell('ls -A')).toBe('');
  });

  it('stay where something is in the way, the place is not theirs, or it is the workspace itself', async () => {
    await shell('echo 1 > a; echo 2 > b');
    expect(await post('move', { from: 'a', to: 'b' })).toMatchObject({ status: 409 });
    expect(await post('copy', { from: 'a', to: 'b' })).toMatchObject({ status: 409 });
    expect(await post('mkdir', { path: 'a' })).toMatchObject({ status: 409 });
    expect(await post('copy', { from: 'a', to: '/etc/a' })).toMatchObject({ status: 422 });
    expect(await post('chmod', { path: '/etc/passwd', mode: '0777' })).toMatchObject({ status: 422 });
    expect(await remove('path=/workspace&recursive=true')).toMatchObject({ status: 422 });
    expect(await post('move', { from: '/workspace', to: '/tmp/w' })).toMatchObject({ status: 422 });
    expect(await shell('cat a b')).toBe('1\n2\n');
    expect(await post('copy', { from: 'a', to: 'b', overwrite: true })).toMatchObject({ status: 200 });
    expect(await shell('cat b')).toBe('1\n');
  });
});

describe('an edit', () => {
  it('replaces what fits, shows the difference, and changes nothing where one does not', async () => {
    await shell("printf 'one\\ntwo\\ntwo\\n' > e.txt");
    const edits = [
      { old: 'one', new: '1' },
      { old: 'two', new: 'zwei', count: 2 },
    ];
    expect(await post('edit', { path: 'e.txt', edits })).toEqual({
      status: 200,
      headers: expect.anything(),
      body: {
        path: '/workspace/e.txt',
        replaced: 3,
        diff: '--- /workspace/e.txt\n+++ /workspace/e.txt\n@@ -1,3 +1,3 @@\n-one\n-two\n-two\n+1\n+zwei\n+zwei\n',
      },
    });
    const wrong = await post('edit', {
      path: 'e.txt',
      edits: [
        { old: '1', new: 'x' },
        { old: 'zwei', new: 'y' },
      ],
    });
    expect(wrong).toMatchObject({
      status: 409,
      body: { error: 'Edit 2 does not fit: its old text occurs 2 times, not once.' },
    });
    expect(await shell('cat e.txt')).toBe('1\nzwei\nzwei\n');
  });
});
