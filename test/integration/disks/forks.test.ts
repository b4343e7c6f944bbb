import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type RealServer, startRealServer } from '../../support/real-server.ts';

const TEAM_KEY = 'key-of-the-team';

let server: RealServer;

const fork = (user: string, from: unknown, more: object = {}): Promise<Answer> =>
  server.call('POST', `/sandbox/${user}/create`, { ...more, from });

const forkAsTeam = (user: string, from: unknown): Promise<Answer> =>
  server.call('POST', `/sandbox/${user}/create`, undefined, {
    body: JSON.stringify({ from }),
    headers: { 'x-api-key': TEAM_KEY, 'content-type': 'application/json' },
  });

const output = async (user: string, command: string) => (await server.shell(user, command)).body.output;

describe.each([
  { kind: 'disk images', variables: {} },
  { kind: 'plain folders', variables: { SANDBOX_DISK_MECHANISM: 'measure' } },
])('a fork of $kind', ({ variables }) => {
  beforeAll(async () => {
    const hash = createHash('sha256').update(TEAM_KEY).digest('hex');
    server = await startRealServer({
      SANDBOX_DISK_LIMIT: '128m',
      ...variables,
      SANDBOX_API_KEYS: `team:sha256:${hash};prefix=team-;sandboxes=2`,
    });
    await server.call('POST', '/sandbox/source/create', { env: { SECRET: 'hidden' }, labels: { team: 'a' } });
    await server.shell('source', 'echo one > a.txt; echo two > /packages/b; chmod 4755 a.txt; ln -s /etc/passwd link');
  });

  afterAll(async () => {
    await server?.close();
  });

  it('begins with the files of another sandbox, which are its own from then on', async () => {
    const made = await fork('copy', { user_id: 'source' }, { labels: { of: 'source' } });
    expect(made).toMatchObject({ status: 200, body: { user_id: 'copy', status: 'running', labels: { of: 'source' } } });
    expect(made.body.env).toEqual([]);
    expect(await output('copy', 'cat a.txt /packages/b; readlink link; echo "$SECRET"')).toBe(
      'one\ntwo\n/etc/passwd\n\n',
    );
    expect(await output('copy', 'stat -c "%u %a" a.txt; id -u')).toMatch(/^(\d+) 755\n\1\n$/);
    await server.shell('copy', 'echo other > a.txt');
    expect(await output('source', 'cat a.txt; stat -c %a a.txt')).toBe('one\n4755\n');
  });

  it('begins with the files of a checkpoint where one is named', async () => {
    await server.shell('moving', 'echo before > a.txt');
    const { id } = (await server.call('POST', '/sandbox/moving/checkpoints')).body;
    await server.shell('moving', 'echo after > a.txt');
    expect((await fork('then', { user_id: 'moving', checkpoint: id })).status).toBe(200);
    expect(await output('then', 'cat a.txt')).toBe('before\n');
    expect((await server.call('GET', '/sandbox/then/checkpoints')).body).toEqual({ checkpoints: [] });
    const none = await fork('none', { user_id: 'moving', checkpoint: '0123456789abcdef' });
    expect(none).toMatchObject({ status: 404, body: { error: expect.stringMatching(/no checkpoint/) } });
    expect(await server.call('GET', '/sandbox/none/status')).toMatchObject({ status: 404 });
  });

  it('is refused where the target has a sandbox or kept files, and made once those are gone', async () => {
    await server.shell('taken', 'echo mine > a.txt');
    expect(await fork('taken', { user_id: 'source' })).toMatchObject({ status: 409 });
    expect(await fork('source', { user_id: 'source' })).toMatchObject({ status: 409 });
    await server.call('DELETE', '/sandbox/taken');
    const kept = await fork('taken', { user_id: 'source' });
    expect(kept).toMatchObject({ status: 409, body: { error: expect.stringMatching(/files=true/) } });
    expect(await output('taken', 'cat a.txt')).toBe('mine\n');
    await server.call('DELETE', '/sandbox/taken?files=true');
    expect((await fork('taken', { user_id: 'source' })).status).toBe(200);
    expect(await output('taken', 'cat a.txt')).toBe('one\n');
  });

  it('is held to the prefix and the number of its key, on both sides', async () => {
    await server.shell('team-1', 'echo team > a.txt');
    expect(await forkAsTeam('team-2', { user_id: 'source' })).toMatchObject({ status: 403 });
    expect(await forkAsTeam('other', { user_id: 'team-1' })).toMatchObject({ status: 403 });
    expect(await forkAsTeam('team-2', { user_id: 'team-1' })).toMatchObject({ body: { created_by: 'team' } });
    expect(await output('team-2', 'cat a.txt')).toBe('team\n');
    expect((await forkAsTeam('team-3', { user_id: 'team-1' })).status).toBe(200);
    expect(await forkAsTeam('team-4', { user_id: 'team-1' })).toMatchObject({ status: 429 });
  });

  it('is not made of a sandbox that is not there, or of what is no source', async () => {
    const absent = await fork('new', { user_id: 'absent' });
    expect(absent).toMatchObject({ status: 404, body: { error: expect.stringMatching(/from\.user_id/) } });
    for (const [from, field] of [
      [{}, 'from.user_id'],
      ['source', 'from'],
      [{ user_id: '' }, 'from.user_id'],
      [{ user_id: 'source', checkpoint: 7 }, 'from.checkpoint'],
      [{ user_id: 'source', env: true }, 'from.env'],
    ] as const) {
      const refused = await fork('new', from);
      expect(refused.status).toBe(422);
      expect(refused.body.detail[0].loc.join('.')).toBe(`body.${field}`);
    }
    expect(await server.call('GET', '/sandbox/new/status')).toMatchObject({ status: 404 });
    expect((await readdir(server.dataDir)).filter((name) => name.startsWith('fork-'))).toEqual([]);
  });
});
