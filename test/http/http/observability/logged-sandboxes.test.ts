import { afterEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../../../src/base/log.ts';
import { toSandboxId } from '../../../../src/base/sandbox-address.ts';
import { NAMESPACE as CLOUD } from '../../../../src/sessions/sessions.ts';
import { asCloudUser } from '../../../support/cloud-user.ts';
import { readDocument } from '../../../support/documents.ts';
import { API_KEY, type FakeApp, speaking, startFakeApp } from '../../../support/fake-app.ts';
import { callOf, type Message, parseAnswer, toLegacy, toModern } from '../../../support/mcp-client.ts';

let fake: FakeApp;
let logged: Record<string, unknown>[] = [];

afterEach(async () => {
  logged = [];
  await fake.close();
});

async function start(dialect: string, variables: Readonly<Record<string, string>> = {}): Promise<void> {
  const destination = { write: (line: string) => void logged.push(JSON.parse(line)) };
  const logger = createLogger('info', destination, variables.SANDBOX_LOG_USERS !== 'off');
  fake = await startFakeApp(variables, undefined, { ...speaking(dialect), logger });
}

/** The last line of a request at a route. */
const lineOf = (route: string) => logged.findLast((line) => line.route === route);

/** The fields that docs/logs.md has, and those of each line of pino. */
const DOCUMENTED = [...readDocument('docs/logs.md').matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)].flatMap(
  ([, names = '']) => names.replaceAll('`', '').split(', '),
);
const OF_EVERY_LINE = ['level', 'time', 'pid', 'hostname'];

/** What names a sandbox in lines without users. */
const hashOf = (name: string) => name.slice(name.lastIndexOf('-') + 1);

const nameOf = (namespace: string, id: string): string => toSandboxId({ namespace, id });

describe('the line of a request names its sandbox as those of the core do', () => {
  it('in the native dialect, once who asks is let in', async () => {
    await start('clara');
    await fake.call('POST', '/sandbox/u/execute', { code: 'print(1)' });
    const up = logged.find(({ event }) => event === 'up');
    expect(up?.sandbox).toBe(nameOf('clara', 'u'));
    expect(lineOf('/sandbox/:user_id/execute')).toMatchObject({ user: 'u', sandbox: up?.sandbox });
    await fake.inject({ method: 'GET', url: '/sandbox/u/status', headers: { 'x-api-key': 'wrong' } });
    expect(lineOf('/sandbox/:user_id/status')).not.toHaveProperty('sandbox');
  });

  it('by its hash alone where SANDBOX_LOG_USERS is off', async () => {
    await start('clara', { SANDBOX_LOG_USERS: 'off' });
    await fake.call('POST', '/sandbox/erika/create');
    const { sandbox } = lineOf('/sandbox/:user_id/create') ?? {};
    expect(sandbox).toBe(hashOf(nameOf('clara', 'erika')));
    expect(logged.find(({ event }) => event === 'up')?.sandbox).toBe(sandbox);
  });

  it('not for a request about none', async () => {
    await start('clara');
    await fake.call('GET', '/info');
    expect(lineOf('/info')).not.toHaveProperty('sandbox');
  });

  it('where it is passed on to a port', async () => {
    await start('clara');
    await fake.call('POST', '/sandbox/u/create');
    await fake.call('GET', '/sandbox/u/ports/8000/page');
    const line = logged.findLast(({ route }) => String(route).includes('/ports/'));
    expect(line).toMatchObject({ sandbox: nameOf('clara', 'u') });
  });

  it('in the Cloud Sandbox API, from the acquire to the release', async () => {
    await start('cloud');
    const user = await asCloudUser(fake, 'my-user');
    const { sandbox_id: id } = (await user.call('POST', '/api/v1/sandbox/acquire')).json();
    const sandbox = nameOf(CLOUD, id);
    expect(lineOf('/api/v1/sandbox/acquire')).toMatchObject({ sandbox });
    await user.call('POST', '/api/v1/execute', { sandbox_id: id, code: 'print(1)' });
    await user.call('GET', `/api/v1/files?sandbox_id=${id}`);
    await user.call('POST', '/api/v1/sandbox/release', { sandbox_id: id });
    for (const route of ['/api/v1/execute', '/api/v1/files', '/api/v1/sandbox/release']) {
      expect(lineOf(route), route).toMatchObject({ sandbox });
    }
  });
});

describe('the line of a create names the sandbox that was made', () => {
  it.each([
    ['k2', '/sandboxes', {}],
    ['manager', '/api/v1/sandboxes', { image: 'python:3.9' }],
    ['e2b', '/e2b/sandboxes', { templateID: 'base' }],
  ])('in the dialect %s', async (dialect, url, body) => {
    await start(dialect);
    expect((await fake.call('POST', url, body)).statusCode).toBeLessThan(300);
    const up = logged.find(({ event }) => event === 'up');
    expect(up?.sandbox).toMatch(/-[0-9a-f]{20}$/);
    expect(logged.findLast(({ method }) => method === 'POST')).toMatchObject({ sandbox: up?.sandbox });
  });
});

describe('the line of a call of MCP', () => {
  it.each([
    ['until 2025', toLegacy],
    ['of 2026', toModern],
  ])('says which tool, and in which sandbox, with the protocol %s', async (_when, to) => {
    await start('mcp');
    const send = async (message: Message) => parseAnswer(await fake.inject(to(message, { 'x-api-key': API_KEY })));
    await send(callOf('run_shell', { command: 'hello', sandbox: 'discord-1' }));
    expect(lineOf('/mcp')).toMatchObject({
      tool: 'run_shell',
      sandbox: nameOf('clara', 'discord-1'),
      outcome: 'exit 0',
    });
    await send({ id: 2, method: 'tools/list' });
    expect(lineOf('/mcp')).not.toHaveProperty('tool');
    expect(lineOf('/mcp')).not.toHaveProperty('sandbox');
    fake.engine.down = true;
    await send(callOf('run_python', { code: 'print(1)', sandbox: 'discord-3' }));
    await fake.call('POST', '/sandbox/discord-3/execute', { code: 'print(1)' });
    fake.engine.down = false;
    const fields = logged.filter(({ event }) => event === undefined).flatMap(Object.keys);
    expect(fields).toContain('reason');
    expect(fields.filter((name) => ![...DOCUMENTED, ...OF_EVERY_LINE].includes(name))).toEqual([]);
    await send(callOf('no_such_tool', {}));
    expect(lineOf('/mcp')).not.toHaveProperty('tool');
    await send({ id: 3, method: 'resources/read', params: { uri: 'sandbox://discord-2/workspace/a.txt' } });
    expect(lineOf('/mcp')).toMatchObject({ sandbox: nameOf('clara', 'discord-2') });
  });
});
