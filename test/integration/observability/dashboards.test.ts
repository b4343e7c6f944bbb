import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Prometheus, startPrometheus } from '../../support/prometheus.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { until } from '../../support/until.ts';

const DEPLOY = new URL('../../../deploy/', import.meta.url);
const RUNBOOK = readFileSync(new URL('../../../docs/runbook.md', import.meta.url), 'utf8');
const TOKEN = 'metrics-token-of-the-tests';

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string }[];
}

interface Rule {
  readonly name: string;
  readonly query: string;
  readonly health: string;
  readonly lastError?: string;
  readonly annotations: { readonly runbook?: string };
}

let server: RealServer;
let prometheus: Prometheus;

beforeAll(async () => {
  server = await startRealServer({
    SANDBOX_METRICS_TOKEN: TOKEN,
    SANDBOX_NETWORK: 'proxy',
    SANDBOX_EGRESS_ALLOW: 'example.org',
    SANDBOX_DOCKER_IMAGES: 'not-there:1',
    SANDBOX_POOL_SIZE: '1',
    SANDBOX_MAX_CONTAINERS: '2',
  });
  prometheus = await startPrometheus(new URL(server.url).host, TOKEN);
  // Counters that appear with their first event are read before and after it.
  await until('the server is read', async () => (await valuesOf('up == 1')) > 0);
  await load();
}, 180_000);
afterAll(async () => {
  await prometheus?.close();
  await server?.close();
});

/** What happens on a server in a day: runs of all ends, sandboxes that come and go, ways out, refusals. */
async function load(): Promise<void> {
  await until('the pool has one', async () => (await server.call('GET', '/info')).body.pooled_sandboxes === 1);
  await server.execute('one', 'print(1)');
  await server.execute('one', '1 / 0');
  await server.execute('one', 'while True: pass', { timeout: 1 });
  await server.execute('one', 'import os; os.kill(os.getpid(), 9)');
  await server.execute('one', 'console.log(1)', { language: 'javascript' });
  await server.execute('one', 'x = bytearray(1 << 33)\nfor at in range(0, len(x), 4096): x[at] = 1');
  await server.shell('one', 'curl -s http://refused.example/; true');
  await server.call('POST', '/sandbox/one/pause');
  await server.execute('one', 'print(2)');
  for (const user of ['two', 'three']) await server.execute(user, 'print(3)');
  await server.call('POST', '/sandbox/three/stop');
  await server.call('POST', '/sandbox/four/create', { image: 'not-there:1' });
  await server.call('GET', '/sandbox/nobody/status');
  await server.call('GET', '/info', undefined, { headers: { 'x-api-key': 'wrong' } });
}

/** How many series a query has. */
async function valuesOf(query: string): Promise<number> {
  const { data } = await prometheus.ask('query', { query });
  return data !== null && typeof data === 'object' && 'result' in data && Array.isArray(data.result)
    ? data.result.length
    : 0;
}

const panels = readdirSync(new URL('grafana/dashboards/', DEPLOY)).flatMap((name) => {
  const board = JSON.parse(readFileSync(new URL(`grafana/dashboards/${name}`, DEPLOY), 'utf8'));
  return board.panels.flatMap(({ title, targets }: Panel) =>
    targets.map(({ expr }) => [board.title, title, expr.replaceAll('$__rate_interval', '5m')]),
  );
});

describe('the dashboards', () => {
  it('have panels', () => {
    expect(panels.length).toBeGreaterThan(30);
  });

  it.each(panels)('%s, %s: Prometheus has data for %s', async (_board, _panel, query) => {
    await until(`${query} has data`, async () => (await valuesOf(query)) > 0);
  });
});

describe('the alerts', () => {
  it('are rules that Prometheus can tell, about metrics that are there, each with its place in the runbook', async () => {
    const rules = async (): Promise<readonly Rule[]> => {
      const { data } = await prometheus.ask('rules');
      return (data as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules);
    };
    await until('all rules were looked at', async () => (await rules()).every(({ health }) => health !== 'unknown'));
    const all = await rules();
    expect(all.length).toBeGreaterThan(5);
    for (const { name, health, lastError = '', annotations } of all) {
      expect([name, health, lastError]).toEqual([name, 'ok', '']);
      expect(annotations.runbook).toBe(`docs/runbook.md#${name.toLowerCase()}`);
      expect(RUNBOOK).toContain(`\n## ${name}\n`);
    }
    const names = new Set(all.flatMap(({ query }) => query.match(/\b[a-z]+(?:_[a-z0-9]+)+\b(?=[{[ ]|$)/g) ?? []));
    for (const metric of [...names].filter((name) => name !== 'histogram_quantile')) {
      await until(`${metric} is there`, async () => (await valuesOf(metric)) > 0);
    }
  });
});
