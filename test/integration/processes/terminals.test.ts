import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, removeAll, startRealServer } from '../../support/real-server.ts';
import { attach, type TerminalClient } from '../../support/terminal-client.ts';

const SIZE = { rows: 24, cols: 80 };

// Not a shell's trap: bash forgets a signal that comes while it runs the trap for the one before.
const TELL_EACH_SIZE = `
import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGWINCH])
print('ready')
while signal.sigwait([signal.SIGWINCH]):
    columns, rows = os.get_terminal_size()
    print(rows, columns)
`;

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
  await server.call('POST', '/sandbox/u/create');
});
afterAll(async () => {
  await server?.close();
});

const path = (suffix: string) => `/sandbox/u/processes${suffix}`;

async function begin(body: object = {}, on = server): Promise<number> {
  const started = await on.call('POST', path(''), { tty: SIZE, ...body });
  expect(started.status).toBe(201);
  return started.body.id;
}

const view = (id: number, query = '', on = server): Promise<TerminalClient> =>
  attach(`${on.url}${path(`/${id}/attach${query}`)}`, { 'x-api-key': on.apiKey });

describe('a terminal', () => {
  it('is a login shell with a prompt, a size, colours and job control where no program is named', async () => {
    const id = await begin();
    const info = (await server.call('GET', path(`/${id}`))).body;
    expect(info).toMatchObject({ kind: 'tty', state: 'running', tty: SIZE });
    const shown = await view(id);
    await shown.until('$ ');
    expect(shown.told[0]).toEqual({ start: { offset: 0, ...SIZE } });
    shown.type('stty size; tput colors; shopt -q login_shell && echo log""in\r');
    await shown.until('24 80');
    await shown.until('256');
    await shown.until('login\r\n');
    shown.type('sh -c \'echo slee""ps; exec sleep 1000\'\r');
    await shown.until('sleeps\r\n');
    shown.type('\x1a');
    await shown.until('Stopped');
    shown.type('kill %1; exit 3\r');
    shown.type('exit 3\r');
    expect(await shown.closed).toBe(1000);
    expect(shown.told.at(-1)).toEqual({ exit: { exit_code: 3, signal: null } });
    expect((await server.call('GET', path(`/${id}`))).body).toMatchObject({ state: 'exited', exit_code: 3 });
  });

  it('completes names of files, and keeps what was typed for the next shell', async () => {
    await server.shell('u', 'echo content > a-long-name.txt');
    const shown = await view(await begin());
    await shown.until('$ ');
    shown.type('cat a-lo\t\r');
    await shown.until('content');
    shown.type('exit\r');
    await shown.closed;
    const next = await view(await begin());
    await next.until('$ ');
    next.type('\x1b[A\x1b[A\r');
    await next.until('content');
    next.leave();
  });

  it('has Python and programs that ask behave as at a screen', async () => {
    const shown = await view(await begin({ command: 'python3' }));
    await shown.until('>>> ');
    shown.type('input("name: ")\r');
    await shown.until('\r\nname: ');
    shown.type('me\r');
    await shown.until("'me'\r\n>>> ");
    shown.type('\x04');
    expect(await shown.closed).toBe(1000);
  });

  it('is seen by several, who all may type; who comes later sees what was there, or goes on behind what it knows', async () => {
    const id = await begin({ argv: ['cat'] });
    const [one, other] = [await view(id), await view(id)];
    one.type('first\r');
    await other.until('first\r\nfirst\r\n');
    other.type('second\r');
    await one.until('second\r\nsecond\r\n');
    const late = await view(id);
    await late.until('second\r\nsecond\r\n');
    expect(late.seen()).toBe(one.seen());
    const behind = await view(id, `?after=${'first\r\n'.length}`);
    await behind.until('second\r\nsecond\r\n');
    expect(behind.told[0]).toEqual({ start: { offset: 7, ...SIZE } });
    expect(behind.seen()).toBe(one.seen().slice(7));
    late.type('\x04');
    expect(await Promise.all([one, other, late, behind].map(({ closed }) => closed))).toEqual([1000, 1000, 1000, 1000]);
  });

  it('gets another size over the WebSocket and by a call', async () => {
    const id = await begin({ argv: ['python3', '-c', TELL_EACH_SIZE] });
    const shown = await view(id);
    await shown.until('ready');
    shown.tell({ resize: { rows: 30, cols: 100 } });
    await shown.until('30 100');
    expect((await server.call('POST', path(`/${id}/resize`), { rows: 40, cols: 132 })).status).toBe(204);
    await shown.until('40 132');
    expect((await server.call('GET', path(`/${id}`))).body.tty).toEqual({ rows: 40, cols: 132 });
    expect((await server.call('DELETE', path(`/${id}`))).status).toBe(200);
    expect(await shown.closed).toBe(1000);
  });

  it('is read and written by calls as any process', async () => {
    const id = await begin({ argv: ['cat'] });
    const typed = await server.call('POST', path(`/${id}/stdin?close=true`), undefined, { body: 'line\n' });
    expect(typed.status).toBe(204);
    const { body } = await server.call('POST', path(`/${id}/wait`), { timeout: 60 });
    expect(body).toMatchObject({ state: 'exited', exit_code: 0 });
    const output = await fetch(`${server.url}${path(`/${id}/output`)}`, { headers: { 'x-api-key': server.apiKey } });
    expect(await output.text()).toBe('line\r\nline\r\n');
  });

  it('says what a slow or late viewer has lost', async () => {
    const id = await begin({ command: 'stty -onlcr; head -c 3000000 /dev/zero | tr "\\0" x; echo END' });
    await server.call('POST', path(`/${id}/wait`), { timeout: 60 });
    const shown = await view(id, '?after=1000');
    await shown.closed;
    const [start, gap] = shown.told;
    const offset = 3_000_004 - shown.seen().length;
    expect(start).toEqual({ start: { offset, ...SIZE } });
    expect(gap).toEqual({ gap: offset - 1000 });
    expect(shown.seen().endsWith('xEND\n')).toBe(true);
  });

  it('outlives its server: who attaches to the next one goes on where it was', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'clara-it-'));
    const before = await startRealServer({ SANDBOX_DATA_DIR: dataDir });
    const id = await begin({}, before);
    const first = await view(id, '', before);
    await first.until('$ ');
    first.type('x=kept; echo ready-$x\r');
    await first.until('ready-kept\r\n');
    await before.leave();
    expect(await first.closed).toBe(1001);
    const after = await startRealServer({ SANDBOX_DATA_DIR: dataDir });
    const known = Buffer.byteLength(first.seen());
    const second = await view(id, `?after=${known}`, after);
    second.type('echo still-$x\r');
    await second.until('still-kept');
    expect(second.told[0]).toEqual({ start: { offset: known, ...SIZE } });
    second.leave();
    await after.leave();
    await removeAll(dataDir);
  });
});

describe('a terminal by a signed URL', () => {
  it('needs no key, and is closed when its URLs are revoked while others look on', async () => {
    const id = await begin({ argv: ['cat'] });
    const request = { method: 'GET', path: path(`/${id}/attach`) };
    const { body } = await server.call('POST', '/sandbox/u/sign', request);
    const signed = await attach(body.url, {});
    const keyed = await view(id);
    signed.type('first\r');
    await keyed.until('first\r\nfirst\r\n');
    expect((await server.call('POST', '/sandbox/u/sign/revoke')).status).toBe(204);
    expect(await signed.closed).toBe(1008);
    expect(await attach(body.url, {}).catch(({ message }) => message)).toBe('401');
    keyed.type('second\r');
    await keyed.until('second\r\nsecond\r\n');
    keyed.leave();
  });
});

describe('a request for a terminal', () => {
  it.each([
    ['with code', { tty: SIZE, code: 'pass' }, 'tty'],
    ['of no size', { tty: {} }, 'rows'],
    ['without a row', { tty: { rows: 0, cols: 80 } }, 'rows'],
    ['that is too wide', { tty: { rows: 24, cols: 4097 } }, 'cols'],
    ['with a field that is unknown', { tty: { ...SIZE, depth: 3 } }, 'tty'],
  ])('is a 422 %s', async (_what, body, field) => {
    const { status, body: answer } = await server.call('POST', path(''), body);
    expect(status).toBe(422);
    expect(JSON.stringify(answer.detail)).toContain(field);
  });

  it('is refused before the upgrade: without the subprotocol, without a terminal, without a key, for what is not there', async () => {
    const id = await begin({ argv: ['cat'] });
    const plain = await server.call('POST', path(''), { argv: ['sleep', '1000'] });
    const refused = (url: string, headers = {}) =>
      attach(`${server.url}${url}`, headers).catch(({ message }) => message);
    const key = { 'x-api-key': server.apiKey };
    expect((await server.call('GET', path(`/${id}/attach`))).status).toBe(426);
    expect(await refused(path(`/${plain.body.id}/attach`), key)).toBe('409');
    expect((await server.call('POST', path(`/${plain.body.id}/resize`), SIZE)).status).toBe(409);
    expect(await refused(path('/999/attach'), key)).toBe('404');
    expect(await refused(path(`/${id}/attach`))).toBe('401');
    expect(await refused(path(`/${id}/attach?after=x`), key)).toBe('422');
    expect(await refused('/sandbox/nobody/processes/1/attach', key)).toBe('404');
  });

  it('is closed for a text that says nothing known, and for a message that is too long', async () => {
    const id = await begin({ argv: ['cat'] });
    const wrong = await view(id);
    wrong.tell('{"resize": {"rows": 1}}');
    expect(await wrong.closed).toBe(1003);
    const long = await view(id);
    long.type('x'.repeat(65_537));
    expect(await long.closed).toBe(1009);
    expect((await server.call('DELETE', path(`/${id}`))).body.state).toBe('exited');
  });
});
