import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/config.ts';
import { asCloudUser } from '../../support/cloud-user.ts';
import { API_KEY, type FakeApp, speaking, startFakeApp } from '../../support/fake-app.ts';
import { freePort } from '../../support/free-port.ts';
import { until } from '../../support/until.ts';

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
    fake = await startFakeApp({ SANDBOX_METRICS_TOKEN: TOKEN }, undefined, speaking('metrics'));
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
    fake = await startFakeApp({ SANDBOX_API_KEYS: `bot:sha256:${hash};prefix=bot-` }, undefined, speaking('metrics'));
    expect((await read(bearer(''))).statusCode).toBe(401);
    expect((await read(bearer('key-of-a-bot-for-tests'))).statusCode).toBe(403);
  });

  it('needs none at an address of its own, which has nothing else', async () => {
    const port = await freePort();
    fake = await startFakeApp({ SANDBOX_METRICS_ADDRESS: `127.0.0.1:${port}` }, undefined, speaking('metrics'));
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('sandboxes_active 0');
    expect((await fetch(`http://127.0.0.1:${port}/info`)).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${port}/metrics`, { method: 'POST' })).status).toBe(404);
  });

  it('is told which variable is wrong where that address is taken', async () => {
    fake = await startFakeApp({}, undefined, speaking('metrics', 'manager', 'cloud'));
    const other = createServer().listen(0, '127.0.0.1');
    const address = await new Promise<ReturnType<typeof other.address>>((resolve) => {
      other.once('listening', () => resolve(other.address()));
    });
    const port = typeof address === 'object' ? address?.port : 0;
    const taken = startFakeApp({ SANDBOX_METRICS_ADDRESS: `127.0.0.1:${port}` }, undefined, speaking('metrics'));
    await expect(taken).rejects.toThrow(/SANDBOX_METRICS_ADDRESS is 127\.0\.0\.1:\d+, where the server cannot listen/);
    other.close();
  });

  it.each(['9464', '127.0.0.1', '127.0.0.1:0', '127.0.0.1:70000', 'a b:1'])('has no address %s', (address) => {
    const variables = { SANDBOX_API_KEY: API_KEY, SANDBOX_METRICS_ADDRESS: address };
    expect(() => parseConfig(variables)).toThrow(/SANDBOX_METRICS_ADDRESS must/);
  });
});

describe('the metrics', () => {
  it('count what was done', async () => {
    fake = await startFakeApp({}, undefined, speaking('metrics', 'manager', 'cloud'));
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
      'http_requests_total{method="GET",path="/sandbox/:user_id/status",status="404"}': 1,
      'http_request_duration_seconds_count{method="POST",path="/sandbox/:user_id/execute"}': 1,
    };
    expect(Object.fromEntries(Object.keys(expected).map((name) => [name, figureOf(body, name)]))).toEqual(expected);
    expect(body).toContain('nodejs_eventloop_lag_seconds');
  });

  it('name no user, sandbox or path, whatever is asked for', async () => {
    fake = await startFakeApp({}, undefined, speaking('metrics', 'manager', 'cloud'));
    await fake.call('POST', '/sandbox/secret-name/execute', { code: 'print(1)' });
    await fake.call('GET', '/secret-name/that/is?no=route');
    const { body } = await read({ 'x-api-key': API_KEY });
    expect(body).not.toContain('secret-name');
    expect(body).toContain('path="none"');
  });

  it('has the figures of sandboxes that run, as they were measured last', async () => {
    fake = await startFakeApp({}, undefined, speaking('metrics', 'manager', 'cloud'));
    await fake.call('POST', '/sandbox/u/create');
    const { body } = await read({ 'x-api-key': API_KEY });
    for (const name of ['container_count', 'cpu_usage_percent', 'memory_usage_bytes', 'uptime_seconds']) {
      expect(figureOf(body, `sandbox_${name}`)).toBe(0);
    }
  });
});

describe('Prometheus, as the guide of Docker Sandbox Manager names it', () => {
  const make = async () => (await fake.call('POST', '/api/v1/sandboxes', { image: 'python:3.9' })).json().container_id;

  /** What is read once the sandboxes that run were measured. */
  async function measured(count: number): Promise<string> {
    fake.clock.nowMs += 10_000;
    await until('all are measured', async () => {
      return figureOf((await read({ 'x-api-key': API_KEY })).body, 'sandbox_container_count') === count;
    });
    return (await read({ 'x-api-key': API_KEY })).body;
  }

  it('has sums over all sandboxes, and how much of the machine is in use', async () => {
    fake = await startFakeApp({}, undefined, speaking('metrics', 'manager', 'cloud'));
    const id = await make();
    const body = await measured(1);
    expect(body).not.toContain(id);
    expect(figureOf(body, 'sandbox_uptime_seconds')).toBe(10);
    for (const what of ['cpu', 'memory', 'disk']) {
      const percent = figureOf(body, `system_${what}_usage_percent`) ?? Number.NaN;
      expect(percent >= 0 && percent <= 100, `${what}: ${percent}`).toBe(true);
    }
    expect(figureOf(body, 'system_memory_usage_percent')).toBeGreaterThan(0);
  });

  it('has single sandboxes where the operator wants that, by no id of a user, as long as they run', async () => {
    fake = await startFakeApp({ SANDBOX_METRICS_PER_SANDBOX: 'true' }, undefined, speaking('metrics', 'manager'));
    const id = await make();
    await fake.call('POST', '/sandbox/secret-name/create');
    const body = await measured(2);
    expect(figureOf(body, `sandbox_uptime_seconds{container_id="${id}"}`)).toBe(10);
    expect([...body.matchAll(/^sandbox_memory_usage_bytes\{container_id="[^"]+"\} /gm)]).toHaveLength(2);
    expect(body).not.toContain('secret-name');
    await fake.call('DELETE', `/api/v1/sandboxes/${id}`);
    expect(await measured(1)).not.toContain(id);
  });
});

describe('Prometheus, as the guide of Cloud Sandbox names it', () => {
  it('counts what is done with files, and what failed by its kind', async () => {
    fake = await startFakeApp({}, undefined, speaking('metrics', 'manager', 'cloud'));
    const user = await asCloudUser(fake, 'my-user');
    const id = (await user.call('POST', '/api/v1/sandbox/acquire')).json().sandbox_id;
    await user.call('PUT', '/api/v1/files', { sandbox_id: id, path: '/workspace/a', content: 'b' });
    await user.call('GET', `/api/v1/files/content?sandbox_id=${id}&path=/workspace/absent`);
    const { body } = await read({ 'x-api-key': API_KEY });
    expect(figureOf(body, 'file_operations_total{operation="write"}')).toBe(1);
    expect(figureOf(body, 'file_operation_errors_total{operation="read",error_type="not_found"}')).toBe(1);
  });

  it('sees how long releases take, and each bucket of the guide', async () => {
    fake = await startFakeApp({}, undefined, speaking('metrics', 'manager', 'cloud'));
    const user = await asCloudUser(fake, 'my-user');
    const id = (await user.call('POST', '/api/v1/sandbox/acquire')).json().sandbox_id;
    await user.call('POST', '/api/v1/execute', { sandbox_id: id, code: 'print(1)' });
    await user.call('POST', '/api/v1/sandbox/release', { sandbox_id: id });
    const { body } = await read({ 'x-api-key': API_KEY });
    expect(figureOf(body, 'sandbox_release_duration_seconds_count')).toBe(1);
    for (const bound of [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]) {
      expect(body).toContain(`sandbox_acquire_duration_seconds_bucket{le="${bound}",`);
    }
    for (const bound of [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]) {
      expect(body).toContain(`execution_duration_seconds_bucket{le="${bound}",`);
    }
  });
});

describe('docs/metrics.md', () => {
  it('has a row for each metric that is not of Node or its process', async () => {
    fake = await startFakeApp({}, undefined, speaking('metrics', 'manager', 'cloud'));
    const { body } = await read({ 'x-api-key': API_KEY });
    const names = [...body.matchAll(/^# TYPE (\S+) /gm)].map(([, name = '']) => name);
    const document = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
    const rows = [...document.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
    expect(rows.sort()).toEqual(names.filter((name) => !/^(?:nodejs|process)_/.test(name)).sort());
  });
});
