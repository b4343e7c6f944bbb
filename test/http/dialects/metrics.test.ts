import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/config.ts';
import { API_KEY, type FakeApp, startFakeApp } from '../../support/fake-app.ts';
import { freePort } from '../../support/free-port.ts';

const TOKEN = 'metrics-token-of-the-tests';

let fake: FakeApp;

afterEach(() => fake.close());

const read = (headers: Record<string, string>) => fake.inject({ method: 'GET', url: '/metrics', headers });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** The value of a metric in the text of `/metrics`; undefined where it has no such line. */
function figureOf(text: string, name: string): number | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

describe('who reads the metrics', () => {
  it('has a key, in any of its forms, or the token for metrics, which opens nothing else', async () => {
    fake = await startFakeApp({ SANDBOX_METRICS_TOKEN: TOKEN });
    const basic = Buffer.from(`prometheus:${API_KEY}`).toString('base64');
    for (const headers of [
      { 'x-api-key': API_KEY },
      bearer(API_KEY),
      { authorization: `Basic ${basic}` },
      bearer(TOKEN),
      { authorization: `bearer ${TOKEN}` },
    ]) {
      const { statusCode, headers: answered } = await read(headers);
      expect(statusCode).toBe(200);
      expect(answered['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    }
    for (const headers of [{}, bearer('wrong-token-of-the-tests'), { 'x-api-key': TOKEN }]) {
      const answer = await read(headers);
      expect(answer.statusCode).toBe(401);
      expect(answer.json()).toEqual({ error: 'Invalid API key' });
    }
    const other = await fake.inject({ method: 'GET', url: '/info', headers: bearer(TOKEN) });
    expect(other.statusCode).toBe(401);
  });

  it('has no token where none is set, and no key for some users only', async () => {
    const hash = createHash('sha256').update('key-of-a-bot-for-tests').digest('hex');
    fake = await startFakeApp({ SANDBOX_API_KEYS: `bot:sha256:${hash};prefix=bot-` });
    expect((await read(bearer(''))).statusCode).toBe(401);
    expect((await read(bearer('key-of-a-bot-for-tests'))).statusCode).toBe(403);
  });

  it('needs none at an address of its own, which has nothing else', async () => {
    const port = await freePort();
    fake = await startFakeApp({ SANDBOX_METRICS_ADDRESS: `127.0.0.1:${port}` });
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('sandboxes_active 0');
    expect((await fetch(`http://127.0.0.1:${port}/info`)).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${port}/metrics`, { method: 'POST' })).status).toBe(404);
  });

  it('is told which variable is wrong where that address is taken', async () => {
    fake = await startFakeApp();
    const other = createServer().listen(0, '127.0.0.1');
    const address = await new Promise<ReturnType<typeof other.address>>((resolve) => {
      other.once('listening', () => resolve(other.address()));
    });
    const port = typeof address === 'object' ? address?.port : 0;
    await expect(startFakeApp({ SANDBOX_METRICS_ADDRESS: `127.0.0.1:${port}` })).rejects.toThrow(
      /SANDBOX_METRICS_ADDRESS is 127\.0\.0\.1:\d+, where the server cannot listen/,
    );
    other.close();
  });

  it.each(['9464', '127.0.0.1', '127.0.0.1:0', '127.0.0.1:70000', 'a b:1'])('has no address %s', (address) => {
    const variables = { SANDBOX_API_KEY: API_KEY, SANDBOX_METRICS_ADDRESS: address };
    expect(() => parseConfig(variables)).toThrow(/SANDBOX_METRICS_ADDRESS must/);
  });
});

describe('the metrics', () => {
  it('count what was done', async () => {
    fake = await startFakeApp();
    await fake.call('POST', '/sandbox/someone/execute', { code: 'print(1)' });
    await fake.call('POST', '/sandbox/someone/shell', { command: 'true' });
    await fake.call('POST', '/sandbox/someone/stop');
    await fake.call('GET', '/sandbox/absent/status');
    const { body } = await read({ 'x-api-key': API_KEY });
    const expected = {
      'executions_total{language="python",status="success"}': 1,
      'executions_total{language="bash",status="success"}': 1,
      'execution_duration_seconds_count{language="python"}': 1,
      clara_pool_misses_total: 1,
      'clara_sandbox_uses_total{lease="run",error="none"}': 2,
      'clara_sandboxes{state="stopped"}': 1,
      'clara_sandboxes{state="running"}': 0,
      'clara_leases{kind="run"}': 0,
      clara_sandboxes_max: 50,
      sandboxes_total: 1,
      sandboxes_active: 0,
      sandboxes_idle: 0,
      'clara_engine_call_duration_seconds_count{call="create"}': 1,
      'http_requests_total{method="GET",route="/sandbox/:user_id/status",status="404"}': 1,
      'http_request_duration_seconds_count{method="POST",route="/sandbox/:user_id/execute"}': 1,
    };
    expect(Object.fromEntries(Object.keys(expected).map((name) => [name, figureOf(body, name)]))).toEqual(expected);
    expect(body).toContain('nodejs_eventloop_lag_seconds');
  });

  it('name no user, sandbox or path, whatever is asked for', async () => {
    fake = await startFakeApp();
    await fake.call('POST', '/sandbox/secret-name/execute', { code: 'print(1)' });
    await fake.call('GET', '/secret-name/that/is?no=route');
    const { body } = await read({ 'x-api-key': API_KEY });
    expect(body).not.toContain('secret-name');
    expect(body).toContain('route="none"');
  });

  it('has the figures of sandboxes that run, as they were measured last', async () => {
    fake = await startFakeApp();
    await fake.call('POST', '/sandbox/u/create');
    const { body } = await read({ 'x-api-key': API_KEY });
    for (const name of ['container_count', 'cpu_usage_percent', 'memory_usage_bytes', 'uptime_seconds']) {
      expect(figureOf(body, `sandbox_${name}`)).toBe(0);
    }
  });
});

describe('docs/metrics.md', () => {
  it('has a row for each metric that is not of Node or its process', async () => {
    fake = await startFakeApp();
    const { body } = await read({ 'x-api-key': API_KEY });
    const names = [...body.matchAll(/^# TYPE (\S+) /gm)].map(([, name = '']) => name);
    const document = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
    const rows = [...document.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
    expect(rows.sort()).toEqual(names.filter((name) => !/^(?:nodejs|process)_/.test(name)).sort());
  });
});
