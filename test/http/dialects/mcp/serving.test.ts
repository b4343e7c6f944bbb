import { afterEach, describe, expect, it } from 'vitest';
import { INSTRUCTIONS } from '../../../../src/dialects/mcp/instructions.ts';
import { API_KEY, type FakeApp, speaking, startFakeApp } from '../../../support/fake-app.ts';
import { keyEntry } from '../../../support/key-entry.ts';
import { callOf, INITIALIZE, type Message, parseAnswer, toLegacy, toModern } from '../../../support/mcp-client.ts';

const TOOLS = [
  'run_python',
  'run_shell',
  'process_output',
  'process_input',
  'install',
  'read_file',
  'write_file',
  'edit_file',
  'list_files',
  'search_files',
  'share_file',
  'open_port',
  'fetch_url',
  'sandbox',
];

const BOT_KEY = 'the key of a bot';
const BOT = { SANDBOX_API_KEYS: keyEntry('bot', BOT_KEY, ';prefix=bot-') };

let fake: FakeApp;

afterEach(async () => {
  await fake.close();
});

const legacy = async (message: Message, headers: Readonly<Record<string, string>> = {}) =>
  parseAnswer(await fake.inject(toLegacy(message, { 'x-api-key': API_KEY, ...headers })));

const modern = async (message: Message, headers: Readonly<Record<string, string>> = {}) =>
  parseAnswer(await fake.inject(toModern(message, { 'x-api-key': API_KEY, ...headers })));

const call = (name: string, args: Readonly<Record<string, unknown>>, headers = {}) =>
  legacy(callOf(name, args), headers);

const textOf = ({ result }: Awaited<ReturnType<typeof legacy>>): string => result.content[0].text;

describe('the tools that clients are told', () => {
  it('are fourteen in a fixed order, in less than 6 KB, with the sandbox last and no schema of what they answer', async () => {
    fake = await startFakeApp({}, undefined, speaking('mcp'));
    const { result } = await legacy({ id: 1, method: 'tools/list' });
    expect(result.tools.map(({ name }: { name: string }) => name)).toEqual(TOOLS);
    expect(Buffer.byteLength(JSON.stringify(result.tools))).toBeLessThan(6 * 1024);
    for (const tool of result.tools) {
      expect(Object.keys(tool)).toEqual(['name', 'description', 'inputSchema', 'annotations']);
      expect(Object.keys(tool.inputSchema.properties).at(-1)).toBe('sandbox');
      expect(tool.inputSchema.required ?? []).not.toContain('sandbox');
    }
    expect((await legacy({ id: 2, method: 'tools/list' })).result.tools).toEqual(result.tools);
  });

  it('that only read say so; one that hands out a URL, by which anybody writes or reads, does not', async () => {
    fake = await startFakeApp({}, undefined, speaking('mcp'));
    const { result } = await legacy({ id: 1, method: 'tools/list' });
    const reading = result.tools.filter(
      ({ annotations }: { annotations: { readOnlyHint?: boolean } }) => annotations.readOnlyHint,
    );
    const names = reading.map(({ name }: { name: string }) => name);
    expect(names).toEqual(['process_output', 'read_file', 'list_files', 'search_files']);
  });

  it('may be kept by clients of 2026', async () => {
    fake = await startFakeApp({}, undefined, speaking('mcp'));
    const { result } = await modern({ id: 1, method: 'tools/list' });
    expect(result.tools.map(({ name }: { name: string }) => name)).toEqual(TOOLS);
    expect(result).toMatchObject({ cacheScope: 'public', ttlMs: 3_600_000 });
  });

  it('come with instructions of less than 2 KB, in both versions', async () => {
    fake = await startFakeApp({}, undefined, speaking('mcp'));
    expect(Buffer.byteLength(INSTRUCTIONS)).toBeLessThan(2 * 1024);
    expect((await legacy(INITIALIZE)).result).toMatchObject({
      protocolVersion: '2025-11-25',
      instructions: INSTRUCTIONS,
      serverInfo: { name: 'clara-sandbox' },
    });
    expect((await modern({ id: 1, method: 'server/discover' })).result.instructions).toBe(INSTRUCTIONS);
  });
});

describe('who may call', () => {
  it('shows a key as X-API-Key or as Bearer; else the answer is 401 in the form of the protocol', async () => {
    fake = await startFakeApp({}, undefined, speaking('mcp'));
    const list: Message = { id: 1, method: 'tools/list' };
    expect((await legacy(list, { 'x-api-key': 'wrong' })).status).toBe(401);
    const bearer = await fake.inject(toLegacy(list, { authorization: `Bearer ${API_KEY}` }));
    expect(bearer.statusCode).toBe(200);
    const none = await fake.inject(toLegacy(list, {}));
    expect(none.statusCode).toBe(401);
    expect(none.headers['www-authenticate']).toBe('Bearer');
    expect(none.json()).toEqual({ jsonrpc: '2.0', error: { code: -32_000, message: 'Invalid API key' }, id: null });
  });

  it('has the sandbox of its key, and with a prefix only those that begin with it', async () => {
    fake = await startFakeApp(BOT, undefined, speaking('mcp'));
    const asBot = { 'x-api-key': BOT_KEY };
    expect(textOf(await call('run_shell', { command: 'hello' }, asBot))).toMatch(/^hello\n\[exit 0, \d+ ms\]$/);
    expect((await fake.call('GET', '/sandbox/bot-mcp/status')).statusCode).toBe(200);
    await call('run_shell', { command: 'hello', sandbox: 'bot-other' }, asBot);
    expect((await fake.call('GET', '/sandbox/bot-other/status')).statusCode).toBe(200);
    const refused = await call('run_shell', { command: 'hello', sandbox: 'mcp' }, asBot);
    expect(refused.result.isError).toBe(true);
    expect(textOf(refused)).toBe('The key bot is only for users whose ids begin with "bot-".');
    expect((await fake.call('GET', '/sandbox/mcp/status')).statusCode).toBe(404);
    const read = { id: 1, method: 'resources/read', params: { uri: 'sandbox://mcp/workspace/a' } };
    expect((await legacy(read, asBot)).error.message).toBe(
      'The key bot is only for users whose ids begin with "bot-".',
    );
  });

  it('is no page of another origin, and asks for a name of this server', async () => {
    fake = await startFakeApp({
      SANDBOX_PUBLIC_URL: 'https://sandbox.example.org',
      SANDBOX_CORS_ORIGINS: 'https://app.example.com',
    });
    const list: Message = { id: 1, method: 'tools/list' };
    for (const [host, status] of [
      ['localhost:8080', 200],
      ['127.0.0.1:8080', 200],
      ['[::1]:8080', 200],
      ['clara-sandbox:8080', 200],
      ['host.docker.internal:8080', 200],
      ['sandbox.example.org', 200],
      ['evil.example.net', 403],
      ['sandbox.example.org.evil.example.net', 403],
    ] as const) {
      expect([host, (await legacy(list, { host })).status]).toEqual([host, status]);
    }
    for (const [origin, status] of [
      ['http://localhost:8080', 200],
      ['https://app.example.com', 200],
      ['http://localhost:3000', 403],
      ['https://evil.example.net', 403],
      ['null', 403],
    ] as const) {
      const answer = await legacy(list, { host: 'localhost:8080', origin });
      expect([origin, answer.status]).toEqual([origin, status]);
    }
  });
});

describe('what is wrong', () => {
  it('with arguments is told as an error of the tool that names them', async () => {
    fake = await startFakeApp({}, undefined, speaking('mcp'));
    for (const [name, args, sentence] of [
      ['run_shell', {}, 'command is required and must be a text.'],
      ['run_shell', { command: 1 }, 'command must be a text.'],
      ['run_shell', { command: 'x', timeout: 0 }, 'timeout must be 1 or more.'],
      ['run_shell', { command: 'x', time: 5 }, 'time is unknown to the tool run_shell.'],
      ['run_shell', { command: 'x', sandbox: '' }, 'sandbox must not be empty.'],
      ['run_shell', { command: 'x\0' }, 'command must not hold a NUL character.'],
      [
        'run_python',
        { code: 'x', session: 'a b' },
        'session must have 1 to 64 letters, digits, dots, dashes and underscores.',
      ],
      ['write_file', { path: 'a/', content: '' }, 'path names a folder; end it with the name of a file.'],
      ['write_file', { path: 'a', content: '!', encoding: 'base64' }, 'content is no valid base64.'],
      ['process_input', { id: 1 }, 'Give text to write, or a signal to send.'],
      ['process_input', { id: 1, signal: 'SIGNOPE' }, 'signal must be the name of a signal, such as SIGINT or TERM.'],
      ['install', { packages: [] }, 'packages must name a package.'],
      ['install', { packages: ['--index-url=http://x'] }, 'packages.0 must be a package, not an option.'],
      ['fetch_url', { url: 'file:///etc/passwd' }, 'url must be a URL of http or https.'],
      ['open_port', { port: 70_000 }, 'port must be 65535 or less.'],
      ['sandbox', { action: 'explode' }, 'action must be status, restart, checkpoint, restore, list.'],
      ['sandbox', { action: 'restore', name: 'x' }, 'The sandbox has no checkpoint "x".'],
      ['read_file', { path: 'nope' }, 'There is no /workspace/nope.'],
    ] as const) {
      const { result } = await call(name, args);
      expect([name, result]).toEqual([name, { content: [{ type: 'text', text: sentence }], isError: true }]);
    }
  });

  it('is not that an optional argument is null', async () => {
    fake = await startFakeApp({}, undefined, speaking('mcp'));
    const args = { command: 'hello', cwd: null, timeout: null, background: null, sandbox: null };
    expect(textOf(await call('run_shell', args))).toMatch(/^hello\n/);
  });

  it('with the protocol is told as the specification has it', async () => {
    fake = await startFakeApp({}, undefined, speaking('mcp'));
    expect((await call('nope', {})).error).toMatchObject({ code: -32_602, message: 'There is no tool nope.' });
    expect((await modern(callOf('nope', {}))).error).toMatchObject({ code: -32_602 });
    expect((await legacy({ id: 1, method: 'nope' })).error).toMatchObject({ code: -32_601 });
    const uri = 'sandbox://mcp/workspace/nope';
    const missing = await legacy({ id: 1, method: 'resources/read', params: { uri } });
    expect(missing.error).toMatchObject({ code: -32_602, data: { uri } });
    const { payload: _, ...post } = toLegacy({ method: 'x' }, { 'x-api-key': API_KEY });
    const broken = await fake.inject({ ...post, payload: '{"jsonrpc": ' });
    expect(broken.statusCode).toBe(400);
    expect(broken.json()).toMatchObject({ jsonrpc: '2.0', error: { code: -32_700 }, id: null });
    for (const payload of ['', 'null']) {
      const empty = await fake.inject({ ...post, payload });
      expect([payload, empty.statusCode, empty.json().error.code]).toEqual([payload, 400, -32_600]);
    }
    for (const method of ['GET', 'DELETE'] as const) {
      const { statusCode, headers } = await fake.inject({ ...post, method });
      expect([statusCode, headers.allow]).toEqual([405, 'POST']);
    }
  });
});
