import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeApp, speakingOnly, startFakeApp } from '../../../support/fake-app.ts';
import { until } from '../../../support/until.ts';

const SANDBOXES = '/api/v1/sandboxes';
const MIB = 2 ** 20;

let app: FakeApp;

beforeEach(async () => {
  // Without a limit of requests: it would last for ever with a clock that stands still, and looks are many where the machine is busy.
  const variables = { SANDBOX_PAUSE_AFTER: '0', SANDBOX_RATE_LIMIT: '0' };
  app = await startFakeApp(variables, undefined, speakingOnly('manager', 'metrics'));
});

afterEach(() => app.close());

async function make(body: Readonly<Record<string, unknown>> = {}): Promise<string> {
  return (await app.call('POST', SANDBOXES, { image: 'python:3.9', ...body })).json().container_id;
}

const get = async (url: string) => (await app.call('GET', url)).json();

const alertsOf = async (id: string, query = '') => (await get(`${SANDBOXES}/${id}/alerts${query}`)).alerts;

/** Lets all sandboxes take so much memory, of 512 MiB that each has. */
function takeMemory(memoryBytes: number): void {
  for (const sandbox of app.engine.sandboxes.values()) Object.assign(sandbox.stats, { memoryBytes });
}

/** Lets the look come that all sandboxes get every 10 s, in the order in which they were made, and waits for what it brings about. */
async function lookUntil(what: string, isSo: () => Promise<boolean>): Promise<void> {
  app.clock.nowMs += 10_000;
  await until(what, isSo);
}

describe('what SandboxClient of New-dev0/Sandbox sees of a sandbox', () => {
  it('is what it takes, in the fields of its models', async () => {
    const id = await make();
    takeMemory(128 * MIB);
    expect(await get(`${SANDBOXES}/${id}/metrics`)).toEqual({
      ...{ timestamp: expect.stringMatching(/^\d{4}-.*Z$/), cpu_usage: expect.any(Number) },
      ...{ memory_usage: 128 * MIB, memory_limit: 512 * MIB },
      ...{ network_rx_bytes: 0, network_tx_bytes: 0, block_read_bytes: 0, block_write_bytes: 0 },
    });
    for (const url of [`/api/v1/metrics/${id}`, `${SANDBOXES}/${id}/stats`]) {
      expect(await get(url)).toEqual({
        ...{ cpu_percent: expect.any(Number), mem_usage: 128 * MIB, mem_limit: 512 * MIB, mem_percent: 25 },
        ...{ net_rx: 0, net_tx: 0 },
      });
    }
  });

  it('has a URL for each port, and none for what is no HTTP', async () => {
    const id = await make({ ports: [{ port: 8080 }, { internal: 53, protocol: 'udp' }] });
    const { urls } = await get(`${SANDBOXES}/${id}/urls`);
    expect(urls).toEqual({ 8080: expect.stringContaining(`/ports/8080/`) });
    expect((await get(`${SANDBOXES}/${id}`)).urls).toEqual(urls);
    const { logs } = await get(`${SANDBOXES}/${id}/logs`);
    expect(logs).toEqual([
      expect.objectContaining({ log_type: 'system', message: expect.stringContaining('only HTTP is served') }),
    ]);
  });
});

describe('alerts that SandboxClient of New-dev0/Sandbox reads', () => {
  it('come at 90 % of the memory, resolve below, and come again after five minutes at the earliest', async () => {
    const id = await make();
    expect(await alertsOf(id)).toEqual([]);
    takeMemory(0.95 * 512 * MIB);
    await lookUntil('there is an alert', async () => (await alertsOf(id)).length > 0);
    const raised = {
      ...{ timestamp: expect.any(String), alert_type: 'memory_high', severity: 'warning' },
      message: 'The memory of the sandbox is at 95 %.',
    };
    expect(await alertsOf(id)).toEqual([{ ...raised, resolved: false, resolved_at: null }]);
    takeMemory(MIB);
    await lookUntil('it is resolved', async () => (await alertsOf(id, '?resolved=true')).length > 0);
    expect(await alertsOf(id)).toEqual([{ ...raised, resolved: true, resolved_at: expect.any(String) }]);
    expect(await alertsOf(id, '?resolved=False')).toEqual([]);
    const later = await make();
    takeMemory(0.99 * 512 * MIB);
    await lookUntil('one that was made later has one', async () => (await alertsOf(later)).length > 0);
    expect(await alertsOf(id, '?resolved=false')).toEqual([]);
    app.clock.nowMs += 300_000;
    await lookUntil('it comes again', async () => (await alertsOf(id, '?resolved=false')).length > 0);
    expect((await alertsOf(id))[1]).toMatchObject({ alert_type: 'memory_high', severity: 'critical' });
    const counted = (await app.call('GET', '/metrics')).body;
    expect(counted).toContain('sandbox_alerts_total{type="memory_high"} 3');
    expect(counted).toContain('sandbox_resource_violations_total{resource="memory"} 3');
  });

  it('come at 90 % of the CPUs that its resources have, and resolve below', async () => {
    const id = await make({ resources: { cpu: 2 } });
    const burn = (seconds: number) => {
      for (const { stats } of app.engine.sandboxes.values()) Object.assign(stats, { cpuNanos: seconds * 1e9 });
    };
    burn(0);
    await get(`${SANDBOXES}/${id}/metrics`);
    burn(18.2);
    await lookUntil('there is an alert', async () => (await alertsOf(id)).length > 0);
    const raised = { timestamp: expect.any(String), alert_type: 'cpu_high', severity: 'warning' };
    const message = 'The CPU of the sandbox is at 91 %.';
    expect(await alertsOf(id)).toEqual([{ ...raised, message, resolved: false, resolved_at: null }]);
    burn(36);
    await lookUntil('it is resolved', async () => (await alertsOf(id, '?resolved=true')).length > 0);
    expect((await app.call('GET', '/metrics')).body).toContain('sandbox_resource_violations_total{resource="cpu"} 1');
  });

  it('come at 90 % of its disk, and resolve below', async () => {
    const id = await make();
    const limitBytes = 5120 * MIB;
    const fill = async (bytes: number) => {
      for (const { agent } of app.engine.sandboxes.values()) agent.folderBytes = bytes;
      app.clock.nowMs += 10_000;
      await app.call('POST', `${SANDBOXES}/${id}/exec`, { command: 'true' });
    };
    await fill(0.985 * limitBytes);
    await lookUntil('there is an alert', async () => (await alertsOf(id)).length > 0);
    const raised = { timestamp: expect.any(String), alert_type: 'disk_high', severity: 'critical' };
    const message = 'The disk of the sandbox is at 98 %.';
    expect(await alertsOf(id)).toEqual([{ ...raised, message, resolved: false, resolved_at: null }]);
    await fill(MIB);
    await lookUntil('it is resolved', async () => (await alertsOf(id, '?resolved=true')).length > 0);
    expect((await app.call('GET', '/metrics')).body).toContain('sandbox_resource_violations_total{resource="disk"} 1');
  });

  it('are of memory that ran out, and outlive the server', async () => {
    app.engine.onAgent = (agent) => {
      agent.onRun = () => ({ exitCode: 137, oomKilled: true });
    };
    const id = await make();
    await app.call('POST', `${SANDBOXES}/${id}/exec`, { command: 'tail /dev/zero' });
    await until('there is an alert', async () => (await alertsOf(id)).length > 0);
    const before = await alertsOf(id);
    expect(before).toEqual([expect.objectContaining({ alert_type: 'oom', severity: 'critical', resolved: false })]);
    const { dataDir, engine, clock } = app;
    await app.app.close();
    engine.revive();
    app = await startFakeApp({ SANDBOX_DATA_DIR: dataDir }, engine, { clock, ...speakingOnly('manager', 'metrics') });
    expect(await alertsOf(id)).toEqual([
      expect.objectContaining({ alert_type: 'oom', timestamp: before[0].timestamp }),
    ]);
  });
});
