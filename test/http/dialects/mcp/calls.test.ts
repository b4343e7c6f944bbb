import { afterEach, describe, expect, it } from 'vitest';
import { createDeferred } from '../../../../src/async/deferred.ts';
import { API_KEY, type FakeApp, speaking, startFakeApp } from '../../../support/fake-app.ts';
import { callOf, INITIALIZE, type Message, parseAnswer, toLegacy, toModern } from '../../../support/mcp-client.ts';

let fake: FakeApp;

afterEach(async () => {
  await fake.close();
});

const legacy = async (message: Message, headers: Readonly<Record<string, string>> = {}) =>
  parseAnswer(await fake.inject(toLegacy(message, { 'x-api-key': API_KEY, ...headers })));

describe('a call that its client cancels', () => {
  /** Starts a run that goes on until it is killed; `killed` resolves then. */
  const startLong = async (label: string) => {
    await legacy(callOf('run_shell', { command: 'hello' }));
    const sandbox = [...fake.engine.sandboxes.values()][0];
    if (!sandbox) throw new Error('No sandbox was made.');
    const started = createDeferred<void>();
    const killed = createDeferred<void>();
    sandbox.agent.onRun = async ({ signal }) => {
      started.resolve();
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      killed.resolve();
      return {};
    };
    const answer = legacy(callOf('run_shell', { command: 'sleep' }, 7), { 'mcp-session-id': label });
    await started.promise;
    return { answer, killed: killed.promise };
  };

  const cancel = (requestId: number, label: string) =>
    legacy({ method: 'notifications/cancelled', params: { requestId } }, { 'mcp-session-id': label });

  it('ends what it ran, by the label of that client alone', async () => {
    fake = await startFakeApp({}, undefined, speaking('mcp'));
    const label = String((await legacy(INITIALIZE)).headers['mcp-session-id']);
    expect(label).toMatch(/^[0-9a-f-]{36}$/);
    const { answer, killed } = await startLong(label);
    let isOver = false;
    void killed.then(() => {
      isOver = true;
    });
    expect((await cancel(7, 'another label')).status).toBe(202);
    expect((await cancel(8, label)).status).toBe(202);
    expect(isOver).toBe(false);
    expect((await cancel(7, label)).status).toBe(202);
    await killed;
    await answer.catch(() => undefined);
  });
});

describe('the answer to a call', () => {
  const sendCall = async (
    params: Readonly<Record<string, unknown>>,
    headers: Readonly<Record<string, string>> = {},
  ) => {
    const asked = {
      id: 3,
      method: 'tools/call',
      params: { name: 'run_shell', arguments: { command: 'hello' }, ...params },
    };
    const {
      statusCode,
      headers: sent,
      body,
    } = await fake.inject(toLegacy(asked, { 'x-api-key': API_KEY, ...headers }));
    return { statusCode, type: String(sent['content-type']).replace(/;.*/, ''), body };
  };

  it('is one JSON document in every version of the protocol', async () => {
    fake = await startFakeApp({}, undefined, speaking('mcp'));
    for (const version of ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05']) {
      const answer = await sendCall({}, { 'mcp-protocol-version': version });
      expect([version, answer.statusCode, answer.type]).toEqual([version, 200, 'application/json']);
      expect(JSON.parse(answer.body)).toMatchObject({ jsonrpc: '2.0', id: 3, result: { content: [{ type: 'text' }] } });
    }
  });

  it('is a refusal where the version is unknown, or the client takes only one form', async () => {
    fake = await startFakeApp({}, undefined, speaking('mcp'));
    expect(await sendCall({}, { 'mcp-protocol-version': '1999-01-01' })).toMatchObject({ statusCode: 400 });
    expect(await sendCall({}, { accept: 'application/json' })).toMatchObject({ statusCode: 406 });
    expect(await sendCall({}, { accept: 'text/event-stream' })).toMatchObject({ statusCode: 406 });
  });

  it('holds one for each message of several that come as one', async () => {
    fake = await startFakeApp({}, undefined, speaking('mcp'));
    const { payload: _, ...post } = toLegacy({ method: 'x' }, { 'x-api-key': API_KEY });
    const messages = [1, 2].map((id) => ({ jsonrpc: '2.0', ...callOf('run_shell', { command: 'hello' }, id) }));
    const { body, statusCode } = await fake.inject({ ...post, payload: messages });
    expect(statusCode).toBe(200);
    const ids = body
      .split('\n')
      .filter((line) => line.startsWith('data: '))
      .map((line) => JSON.parse(line.slice(6)).id);
    expect(ids.sort()).toEqual([1, 2]);
  });
});

describe('what a client hears of a call that goes on', () => {
  it('counts up with each message', async () => {
    fake = await startFakeApp({}, undefined, speaking('mcp'));
    const going = createDeferred<void>();
    fake.engine.onAgent = (agent) => {
      agent.onRun = async ({ write }) => {
        await going.promise;
        for (let at = 0; at < 50; at += 1) await write(`line ${at}\n`);
        return {};
      };
    };
    await legacy(callOf('run_shell', { command: 'count', background: true }));
    const { params, ...call } = callOf('process_output', { id: 1, after: 1, wait: 60 }, 3);
    const answer = fake.inject(
      toLegacy({ ...call, params: { ...params, _meta: { progressToken: 'p' } } }, { 'x-api-key': API_KEY }),
    );
    going.resolve();
    const { body } = await answer;
    const told = body
      .split('\n')
      .filter((line) => line.startsWith('data: '))
      .map((line) => JSON.parse(line.slice(6)))
      .filter(({ method }) => method === 'notifications/progress')
      .map(({ params: { progress } }) => progress);
    expect(told.length).toBeGreaterThan(0);
    expect(told).toEqual([...new Set(told)].sort((one, other) => one - other));
  });
});

describe('a request whose parameters are wrong', () => {
  it.each([
    ['resources/read', {}],
    ['resources/read', { uri: 5 }],
    ['resources/list', { cursor: 5 }],
    ['resources/list', { cursor: 'of nobody' }],
    ['resources/templates/list', { cursor: 'of nobody' }],
    ['tools/list', { cursor: 5 }],
    ['tools/list', { cursor: 'of nobody' }],
  ])('is told so, and not that the server failed: %s %j', async (method, params) => {
    fake = await startFakeApp({}, undefined, speaking('mcp'));
    for (const send of [toLegacy, toModern]) {
      const { error } = parseAnswer(await fake.inject(send({ id: 1, method, params }, { 'x-api-key': API_KEY })));
      expect(error).toEqual({ code: -32602, message: expect.any(String) });
    }
  });

  it('has no half of a surrogate pair in the id of its sandbox, of which two would be the same', async () => {
    fake = await startFakeApp({}, undefined, speaking('mcp'));
    const { result } = await legacy(callOf('write_file', { path: 'a', content: 'a', sandbox: '\ud800' }));
    expect(result).toEqual({ content: [{ type: 'text', text: expect.stringContaining('sandbox ') }], isError: true });
    expect(fake.engine.sandboxes.size).toBe(0);
  });
});
