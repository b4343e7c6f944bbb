import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDeferred } from '../../../src/async/deferred.ts';
import { FakeEngine } from '../../fakes/fake-engine.ts';
import { FakeFailure } from '../../fakes/fake-files.ts';
import { API_KEY, type FakeApp, startNativeApp } from '../../support/fake-app.ts';
import { startLocalApp } from '../../support/local-app.ts';

let fake: FakeApp;

beforeAll(async () => {
  fake = await startLocalApp({ SANDBOX_OUTPUT_LIMIT: '1k' });
});

afterAll(() => fake.close());

/** Runs a command as a kept process to its end; the path of that. */
async function ended(command: string): Promise<string> {
  const { id } = (await fake.call('POST', '/sandbox/u/processes', { command })).json();
  const path = `/sandbox/u/processes/${id}`;
  expect((await fake.call('POST', `${path}/wait`, {})).json().state).toBe('exited');
  return path;
}

describe('a kept process', () => {
  it('is waited for also where that is no whole number of milliseconds', async () => {
    const { id } = (await fake.call('POST', '/sandbox/u/processes', { command: 'sleep 1000' })).json();
    const waited = await fake.call('POST', `/sandbox/u/processes/${id}/wait`, { timeout: 0.0161 });
    expect([waited.statusCode, waited.json().state]).toEqual([200, 'running']);
  });

  it.each([
    ['command', 'read -r line; echo "$line"'],
    ['code', 'print(input())'],
  ])('reads what is written to it, however long its %s is', async (kind, program) => {
    const body = { [kind]: `${program} # ${'x'.repeat(200_000)}`, stdin: true };
    const path = `/sandbox/u/processes/${(await fake.call('POST', '/sandbox/u/processes', body)).json().id}`;
    expect((await fake.call('POST', `${path}/stdin`, 'there\n')).statusCode).toBe(204);
    expect((await fake.call('POST', `${path}/wait`, {})).json()).toMatchObject({ kind, exit_code: 0 });
    expect((await fake.call('GET', `${path}/output`)).body).toBe('there\n');
  });

  it('tells the end of what is kept of its output, however little a run may answer', async () => {
    const path = await ended('seq 1000 2999');
    const all = Array.from({ length: 2000 }, (_, index) => `${1000 + index}\n`).join('');
    const [whole, tail] = [
      await fake.call('GET', `${path}/output`),
      await fake.call('GET', `${path}/output?tail=8000`),
    ];
    expect([whole.body === all, tail.body === all.slice(-8000)]).toEqual([true, true]);
  });

  it('tells its output byte for byte, also where that is no UTF-8', async () => {
    const output = await fake.call('GET', `${await ended("printf '\\377\\303'")}/output`);
    expect([...output.rawPayload]).toEqual([0xff, 0xc3]);
  });
});

describe('a process that cannot be started', () => {
  const ways = [
    ['processes', { command: 'true' }],
    ['execute', { code: '1', stream: true }],
    ['contexts/default/execute', { code: '1', stream: true }],
  ] as const;

  /** What all of them say where the agent fails them so. */
  async function refusals(code: string) {
    const engine = new FakeEngine();
    engine.onAgent = (agent) => {
      const fail = () => {
        throw new FakeFailure(code, 'There is no room.');
      };
      for (const op of ['start', 'cell_start']) agent.before.set(op, fail);
    };
    const app = await startNativeApp({}, engine);
    const answers = [];
    for (const [path, body] of ways) {
      const { statusCode, headers } = await app.call('POST', `/sandbox/u/${path}`, body);
      answers.push([statusCode, headers['retry-after']]);
    }
    await app.close();
    return answers;
  }

  it('may be tried again where room comes by itself, and not where something has to be deleted', async () => {
    expect(await refusals('limit')).toEqual(ways.map(() => [503, '5']));
    expect(await refusals('exists')).toEqual(ways.map(() => [409, undefined]));
  });
});

describe('a stream whose client leaves before its program has started', () => {
  it('goes on where keep_running is true', async () => {
    const asked = createDeferred<void>();
    const left = createDeferred<void>();
    const answered = createDeferred<void>();
    const attached = createDeferred<void>();
    const engine = new FakeEngine();
    engine.onAgent = (agent) => {
      agent.before.set('start', () => {
        asked.resolve();
        return answered.promise;
      });
      agent.before.set('attach', () => attached.resolve());
      agent.onRun = () => new Promise(() => undefined);
    };
    const app = await startNativeApp({}, engine);
    const url = await app.app.listen({ host: '127.0.0.1', port: 0 });
    app.app.server.once('connection', (socket) => socket.once('close', () => left.resolve()));
    const client = new AbortController();
    const streamed = fetch(`${url}/sandbox/u/shell`, {
      method: 'POST',
      headers: { 'x-api-key': API_KEY, 'content-type': 'application/json' },
      body: JSON.stringify({ command: 'sleep 1000', stream: true, keep_running: true }),
      signal: client.signal,
    });
    await asked.promise;
    client.abort();
    await expect(streamed).rejects.toThrow();
    await left.promise;
    answered.resolve();
    await attached.promise;
    const { processes } = (await app.call('GET', '/sandbox/u/processes')).json();
    expect(processes.map(({ state }: { state: string }) => state)).toEqual(['running']);
    await app.close();
  });
});
