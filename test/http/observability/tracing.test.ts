import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeEngine } from '../../fakes/fake-engine.ts';
import { API_KEY, type FakeApp, startNativeApp } from '../../support/fake-app.ts';
import { type CollectedSpan, type OtlpCollector, startOtlpCollector } from '../../support/otlp-collector.ts';

let collector: OtlpCollector;
let fake: FakeApp;
let lines: string[];

beforeEach(async () => {
  collector = await startOtlpCollector();
  lines = [];
});

afterEach(async () => {
  await fake.close();
  await collector.close();
});

async function start(variables: Readonly<Record<string, string>> = {}): Promise<void> {
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const engine = new FakeEngine();
  fake = await startNativeApp({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...variables }, engine, { logger });
}

const execute = (headers: Readonly<Record<string, string>> = {}) =>
  fake.inject({
    ...{ method: 'POST', url: '/sandbox/secret-name/execute', payload: { code: 'print("hidden")' } },
    headers: { 'x-api-key': API_KEY, ...headers },
  });

/** What the collector has once the server has ended. */
async function collected(): Promise<readonly CollectedSpan[]> {
  await fake.app.close();
  return collector.spans;
}

const find = (spans: readonly CollectedSpan[], name: string) => {
  const found = spans.find((span) => span.name === name);
  if (!found) throw new Error(`There is no span ${name} among ${spans.map((span) => span.name).join(', ')}.`);
  return found;
};

/** The ids that calls to agents carry. */
const ofAgents = (op: string) =>
  [...fake.engine.sandboxes.values()].flatMap(({ agent }) =>
    agent.requests.filter((request) => request.op === op).map((request) => request.request),
  );

describe('a trace', () => {
  it('has the request, and below it what its agent and its engine did', async () => {
    await start({ OTEL_SERVICE_NAME: 'my-sandboxes', OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=a%20b' });
    expect((await execute()).statusCode).toBe(200);
    const spans = await collected();
    const request = find(spans, 'POST /sandbox/:user_id/execute');
    expect(request).toMatchObject({ parentSpanId: undefined, service: 'my-sandboxes' });
    expect(request.attributes).toMatchObject({
      'http.route': '/sandbox/:user_id/execute',
      'http.request.method': 'POST',
    });
    expect(Number(request.attributes['http.response.status_code'])).toBe(200);
    for (const name of ['agent run', 'engine create']) {
      expect(find(spans, name)).toMatchObject({ traceId: request.traceId, parentSpanId: request.spanId });
    }
    expect(collector.requests[0]).toMatchObject({ path: '/v1/traces', headers: { 'x-tenant': 'a b' } });
    expect(JSON.stringify(spans)).not.toMatch(/secret-name|hidden/);
  });

  it('has one id of the request, as log, answer and agent have it', async () => {
    await start();
    const answer = await execute({ 'x-request-id': 'my-request.1' });
    expect(answer.headers['x-request-id']).toBe('my-request.1');
    expect(ofAgents('run')).toEqual(['my-request.1']);
    const line = lines.map((each) => JSON.parse(each)).find(({ msg }) => msg === 'answered');
    expect(line).toMatchObject({ reqId: 'my-request.1' });
    const spans = await collected();
    for (const name of ['POST /sandbox/:user_id/execute', 'agent run', 'engine create']) {
      expect(find(spans, name).attributes).toMatchObject({ request_id: 'my-request.1' });
    }
  });

  it('goes on where the request names its parent, and begins anew where it names none that can be', async () => {
    await start();
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    await execute({ traceparent: `00-${traceId}-b7ad6b7169203331-01` });
    await execute({ traceparent: '00-00000000000000000000000000000000-b7ad6b7169203331-01' });
    const requests = (await collected()).filter(({ name }) => name.startsWith('POST'));
    expect(requests[0]).toMatchObject({ traceId, parentSpanId: 'b7ad6b7169203331' });
    expect(requests[1]).toMatchObject({ parentSpanId: undefined });
  });

  it('says by the kind of its error what failed', async () => {
    await start();
    fake.engine.down = true;
    expect((await execute()).statusCode).toBe(503);
    const spans = await collected();
    expect(find(spans, 'POST /sandbox/:user_id/execute').status.code).toBe(2);
    expect(spans.filter(({ name }) => name.startsWith('engine')).map(({ status }) => status.message)).toContain(
      'unavailable',
    );
  });

  it('that cannot be sent is told in the log, and the server ends all the same', async () => {
    await start({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces`, OTEL_EXPORTER_OTLP_ENDPOINT: '' });
    collector.status = 400;
    expect((await execute()).statusCode).toBe(200);
    await fake.app.close();
    expect(lines.join('')).toContain('Traces could not be sent to their collector.');
  });
});

describe('a server without traces', () => {
  it.each([{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }, { OTEL_SDK_DISABLED: 'true' }, { OTEL_TRACES_EXPORTER: 'none' }])(
    'sends none and adds nothing to calls: %j',
    async (variables) => {
      await start(variables);
      expect((await execute({ 'x-request-id': 'mine' })).headers['x-request-id']).toBe('mine');
      expect(ofAgents('run')).toEqual([undefined]);
      expect(await collected()).toEqual([]);
      expect(collector.requests).toEqual([]);
    },
  );

  it.each(['', 'a b', 'a"b', 'x'.repeat(129)])('gives a request an id where its own is none: %j', async (id) => {
    await start({ OTEL_EXPORTER_OTLP_ENDPOINT: '' });
    const answer = await execute({ 'x-request-id': id });
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });
});
