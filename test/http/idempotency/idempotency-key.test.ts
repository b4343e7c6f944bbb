import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LightMyRequestResponse } from 'fastify';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDeferred } from '../../../src/async/deferred.ts';
import { FakeEngine } from '../../fakes/fake-engine.ts';
import { API_KEY, type FakeApp, startNativeApp } from '../../support/fake-app.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

let fake: FakeApp;
let engine: FakeEngine;
/** How many programs were run. */
let runs: number;
let finish: Promise<void>;
let begun: ReturnType<typeof createDeferred<void>>;

const start = async () => {
  runs = 0;
  finish = Promise.resolve();
  begun = createDeferred<void>();
  engine = new FakeEngine();
  engine.onAgent = (agent) => {
    agent.onRun = async ({ write }) => {
      runs += 1;
      begun.resolve();
      await finish;
      await write(`run ${runs}\n`);
      return { exitCode: 0 };
    };
  };
  fake = await startNativeApp({}, engine);
};

const close = () => fake.close();

interface Sent {
  readonly key?: string;
  readonly url?: string;
  readonly method?: 'POST' | 'PUT' | 'DELETE' | 'GET';
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

async function send({ key = 'k1', url = '/sandbox/u/shell', method = 'POST', ...sent }: Sent = {}) {
  const payload = 'body' in sent ? sent.body : { command: 'true' };
  const headers = { 'x-api-key': API_KEY, 'idempotency-key': key, ...sent.headers };
  return await fake.inject({ method, url, headers, ...(payload === undefined ? {} : { payload: payload as object }) });
}

/** Ends this server and starts the next one with its data folder. */
async function startAgain(): Promise<void> {
  await fake.app.close();
  fake = await startNativeApp({ SANDBOX_DATA_DIR: fake.dataDir }, engine, { clock: fake.clock });
}

const replayed = ({ headers }: LightMyRequestResponse) => headers['idempotent-replayed'];

async function answerFiles(): Promise<string[]> {
  const folder = join(fake.dataDir, 'answers');
  const all = await Promise.all(
    (await readdir(folder)).map(async (name) =>
      (await readdir(join(folder, name))).map((file) => join(folder, name, file)),
    ),
  );
  return all.flat();
}

describe('a request with an Idempotency-Key', () => {
  beforeEach(start);
  afterEach(close);

  it('that comes again gets the first answer, and nothing is done twice', async () => {
    const first = await send();
    const second = await send();
    expect(first.json().output).toBe('run 1\n');
    expect(replayed(first)).toBeUndefined();
    expect([second.statusCode, second.body, second.headers['content-type']]).toEqual([
      200,
      first.body,
      first.headers['content-type'],
    ]);
    expect(replayed(second)).toBe('true');
    expect(runs).toBe(1);
    expect((await send({ key: 'k2' })).json().output).toBe('run 2\n');
  });

  it('gets it from the next server too', async () => {
    const first = await send();
    await startAgain();
    const second = await send();
    expect([second.body, replayed(second)]).toEqual([first.body, 'true']);
    expect(runs).toBe(1);
  });

  it('is a 409 to ask again while the first is under way', async () => {
    const gate = createDeferred<void>();
    finish = gate.promise;
    const first = send();
    await begun.promise;
    const second = await send();
    expect([second.statusCode, second.headers['retry-after']]).toEqual([409, '1']);
    gate.resolve();
    expect((await first).json().output).toBe('run 1\n');
    expect(replayed(await send())).toBe('true');
  });

  it('is a 409 for good where a crash left only its mark', async () => {
    await send();
    const [file = ''] = await answerFiles();
    const kept: { fingerprint: string } = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ fingerprint: kept.fingerprint, answer: null }));
    await startAgain();
    const again = await send();
    expect(again.statusCode).toBe(409);
    expect(again.headers['retry-after']).toBeUndefined();
    expect(again.json().error).toContain('It is not known whether the first request was carried out.');
    expect(runs).toBe(1);
  });

  it.each<[string, Sent]>([
    ['body', { body: { command: 'false' } }],
    ['query', { url: '/sandbox/u/shell?x=1' }],
    ['sandbox', { url: '/sandbox/v/shell' }],
    ['route', { url: '/sandbox/u/restart', body: undefined }],
    ['method', { url: '/sandbox/u', method: 'DELETE', body: undefined }],
  ])('is a 422 where it comes with another %s', async (_what, sent) => {
    await send();
    const other = await send(sent);
    expect(other.statusCode).toBe(422);
    expect(other.json()).toMatchObject({ detail: [{ loc: ['header', 'idempotency-key'] }] });
    expect(other.json().error).toContain('another request');
    expect(runs).toBe(1);
  });

  it('may have 255 characters, and a body of 64 KiB', async () => {
    const command = `: ${'x'.repeat(65_536 - JSON.stringify({ command: ': ' }).length)}`;
    const sent = { key: ' ~'.repeat(127), body: { command } };
    expect((await send(sent)).statusCode).toBe(200);
    expect(replayed(await send(sent))).toBe('true');
  });

  it('is forgotten where nothing was begun', async () => {
    const wrong = { body: { command: 'true', timeout: 4000 } };
    expect((await send(wrong)).statusCode).toBe(422);
    expect((await send()).statusCode).toBe(200);
  });

  it('is kept where the work that was begun failed', async () => {
    const sent: Sent = { url: '/sandbox/u/processes/1/signal', body: { signal: 'TERM' } };
    const first = await send(sent);
    const second = await send(sent);
    expect(first.statusCode).toBe(second.statusCode);
    expect(first.statusCode).toBeGreaterThanOrEqual(400);
    expect([second.body, replayed(second)]).toEqual([first.body, 'true']);
  });

  it('is another one for another key of the server, and after a day', async () => {
    await send();
    fake.clock.nowMs += DAY_MS - 1;
    expect(replayed(await send())).toBe('true');
    fake.clock.nowMs += 1;
    const late = await send();
    expect([late.json().output, replayed(late)]).toEqual(['run 2\n', undefined]);
    expect(await answerFiles()).toHaveLength(1);
  });

  it('changes nothing where it only reads', async () => {
    await send({ url: '/sandbox/u/create', body: undefined });
    const look = { url: '/sandbox/u/status', method: 'GET', body: undefined } as const;
    expect([replayed(await send(look)), replayed(await send(look))]).toEqual([undefined, undefined]);
  });

  it('is forgotten with a sandbox that is removed for good, save the removal itself', async () => {
    await send();
    await send({ key: 'other', url: '/sandbox/v/shell' });
    const purge: Sent = { key: 'purge', url: '/sandbox/u?files=true', method: 'DELETE', body: undefined };
    const first = await send(purge);
    expect(first.json()).toMatchObject({ status: 'deleted' });
    expect(await answerFiles()).toHaveLength(2);
    const second = await send(purge);
    expect([second.body, replayed(second)]).toEqual([first.body, 'true']);
    expect(replayed(await send({ key: 'other', url: '/sandbox/v/shell' }))).toBe('true');
    expect(replayed(await send())).toBeUndefined();
  });

  it('leaves no name of a key, a principal or a user on the disk', async () => {
    await send({ key: 'telltale-key', url: '/sandbox/telltale-user/shell' });
    for (const file of await answerFiles()) {
      expect(file).not.toContain('telltale');
      expect(await readFile(file, 'utf8')).not.toContain('telltale');
    }
  });

  it('keeps a long answer without what the program wrote', async () => {
    engine.onAgent = (agent) => {
      agent.onRun = async ({ write }) => {
        await write('x'.repeat(2 ** 20));
        return { exitCode: 3 };
      };
    };
    const sent = { url: '/sandbox/w/shell' };
    const first = await send(sent);
    expect(first.json().output.length).toBeGreaterThan(10_000);
    const second = await send(sent);
    expect(second.json()).toMatchObject({ exit_code: 3, success: false });
    expect(Buffer.byteLength(second.body)).toBeLessThanOrEqual(2 ** 20);
  });
});

describe('an Idempotency-Key that cannot be kept', () => {
  beforeAll(start);
  afterAll(close);

  it.each<[string, Sent]>([
    ['an empty key', { key: '' }],
    ['a key of 256 characters', { key: 'x'.repeat(256) }],
    ['a key that is not ASCII', { key: 'schlüssel' }],
    ['a body of more than 64 KiB', { body: { command: `: ${'x'.repeat(65_536)}` } }],
    ['a streamed body', { url: '/sandbox/u/raw?path=a', method: 'PUT', body: 'content' }],
    ['a streamed answer', { body: { command: 'true', stream: true } }],
    ['a streamed answer by Accept', { headers: { accept: 'text/event-stream' } }],
  ])('is refused with %s before anything is done', async (_what, sent) => {
    const refused = await send(sent);
    expect(refused.statusCode).toBe(422);
    expect(refused.json().detail[0].loc).toEqual(['header', 'idempotency-key']);
    expect(engine.sandboxes.size).toBe(0);
  });
});
