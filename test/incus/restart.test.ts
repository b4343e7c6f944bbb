import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openEngine } from '../../src/modes/open-engine.ts';
import { CLUSTER_IMAGE, IncusCluster } from '../support/incus-cluster.ts';
import type { TestMember } from '../support/incus-cluster-member.ts';
import { type RealServer, startRealServer } from '../support/real-server.ts';

const closers: (() => Promise<unknown>)[] = [];
let incus: TestMember;
let server: RealServer;

const READ_KEPT = "print(open('kept.txt').read())";

beforeAll(async () => {
  incus = await IncusCluster.alone(closers);
}, 240_000);

afterAll(async () => {
  for (const close of closers.reverse()) await close();
}, 120_000);

async function start(transport: string): Promise<void> {
  const place = { remote: incus.socketPath, project: 'clara-sandbox', pool: null, trustToken: null, trustFolder: '' };
  server = await startRealServer(
    { SANDBOX_DOCKER_IMAGE: CLUSTER_IMAGE, SANDBOX_DISK_LIMIT: '64m', SANDBOX_AGENT_TRANSPORT: transport },
    { engine: openEngine('incus', place) },
  );
  await server.execute('u', "open('kept.txt', 'w').write('kept')");
  await server.shell('u', 'nohup sleep 7771 >/dev/null 2>&1 & echo $! > pid');
}

afterEach(async () => {
  expect((await server.call('DELETE', '/sandbox/u')).status).toBe(200);
  await server.close();
});

/** What runs on as before, and what can be done again. */
async function expectHealed(): Promise<void> {
  expect((await server.execute('u', READ_KEPT)).body).toMatchObject({ success: true, output: 'kept\n' });
  expect((await server.shell('u', 'cat "/proc/$(cat pid)/comm"')).body.output).toBe('sleep\n');
  expect((await server.call('GET', '/health')).body).toMatchObject({ status: 'healthy', docker: true });
  expect((await server.execute('new', 'print(2)')).body).toMatchObject({ success: true, output: '2\n' });
  expect((await server.call('DELETE', '/sandbox/new')).status).toBe(200);
}

async function expectAway(path: string): Promise<void> {
  const { status, headers, body } = await server.call('POST', path, { code: '1' });
  expect({ status, body }).toMatchObject({ status: 503, body: { error: expect.stringContaining('Incus') } });
  expect(headers.get('retry-after')).toMatch(/^[1-9]$/);
}

describe.each([
  ['asked to end', () => incus.end()],
  ['killed', () => incus.kill()],
])('an Incus that is %s', (_, end) => {
  describe('beneath connections of its own', () => {
    beforeEach(() => start('exec'), 120_000);

    it('ends the calls that it carries and holds none of them up, and sandboxes live on', async () => {
      const code = "open('begun', 'w').close()\nimport time\ntime.sleep(7772)";
      const running = server.execute('u', code);
      await server.shell('u', 'until test -e begun; do sleep 0.05; done');
      await end();
      const { status, body } = await running;
      expect(status === 200 ? body.success : false).toBe(false);
      expect((await server.call('GET', '/health')).body).toMatchObject({ status: 'unhealthy', docker: false });
      await expectAway('/sandbox/u/execute');
      await expectAway('/sandbox/new/execute');
      await incus.start();
      await expectHealed();
    });
  });

  describe('beside connections of the sandboxes', () => {
    beforeEach(() => start('socket'), 120_000);

    it('ends no call, and only what needs it is a 503', async () => {
      const running = server.execute(
        'u',
        "open('begun', 'w').close()\nwhile not __import__('os').path.exists('on'): pass",
      );
      await server.shell('u', 'until test -e begun; do sleep 0.05; done');
      await end();
      expect((await server.call('GET', '/health')).body).toMatchObject({ status: 'unhealthy', docker: false });
      await expectAway('/sandbox/new/execute');
      expect((await server.shell('u', 'touch on')).status).toBe(200);
      expect((await running).body).toMatchObject({ success: true });
      await incus.start();
      await expectHealed();
    });
  });
});
