import { readFile } from 'node:fs/promises';
import type { LightMyRequestResponse } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { FakeAgent } from '../../fakes/fake-agent.ts';
import { FakeEngine } from '../../fakes/fake-engine.ts';
import { API_KEY, type FakeApp, startFakeApp } from '../../support/fake-app.ts';
import { keyEntry } from '../../support/key-entry.ts';
import { NATIVE_ROUTES, type NativeRoute } from '../../support/native-routes.ts';
import { until } from '../../support/until.ts';

const BOT_KEY = 'key-of-the-bot';
const FILE_CALLS = 64;

let fake: FakeApp;
let agents: FakeAgent[] = [];

afterEach(() => fake?.close());

/** One sandbox may run, whose programs are to keep it awake: none gives way to another. */
async function start(more: Readonly<Record<string, string>> = {}): Promise<void> {
  const engine = new FakeEngine();
  agents = [];
  engine.onAgent = (agent) => {
    agents.push(agent);
    agent.onLoad = () => ({ memoryBytes: 1, cpuNanos: 0 });
    agent.onWork = () => ({ processes: 1, contexts: 0 });
  };
  const variables = {
    SANDBOX_API_KEYS: keyEntry('bot', BOT_KEY, ';prefix=bot-'),
    SANDBOX_MAX_CONTAINERS: '1',
    ...more,
  };
  fake = await startFakeApp(variables, engine);
}

function send(
  { method, path, body, bytes }: NativeRoute,
  key: string | null = API_KEY,
  user = 'u',
): Promise<LightMyRequestResponse> {
  const payload = body === undefined ? bytes : JSON.parse(JSON.stringify(body).replace('/u/', `/${user}/`));
  return fake.inject({
    method,
    url: `/sandbox/${user}${path}`,
    headers: {
      ...(key === null ? {} : { 'x-api-key': key }),
      ...(bytes === undefined ? {} : { 'content-type': 'application/octet-stream' }),
    },
    ...(payload === undefined ? {} : { payload }),
  });
}

const nameOf = ({ method, path }: NativeRoute) => `${method} ${path}`;

/** What all routes say, each by itself. */
async function askAll(
  routes: readonly NativeRoute[],
  ask: (route: NativeRoute) => Promise<LightMyRequestResponse>,
): Promise<Record<string, number>> {
  const statuses: Record<string, number> = {};
  for (const route of routes) {
    const answer = await ask(route);
    statuses[nameOf(route)] = answer.statusCode;
    if (answer.statusCode < 400) continue;
    // A sentence, and when to try again where that helps.
    expect([nameOf(route), answer.json().error]).toEqual([nameOf(route), expect.stringMatching(/^[A-Z].{10,}/)]);
    if (answer.statusCode === 503) expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  }
  return statuses;
}

const expected = (status: (route: NativeRoute) => number, routes = NATIVE_ROUTES) =>
  Object.fromEntries(routes.map((route) => [nameOf(route), status(route)]));

describe('every native route of files, ports, settings, checkpoints and secrets', () => {
  it('is here as the document has it', async () => {
    const file = new URL('../../../docs/openapi.json', import.meta.url);
    const { paths } = z
      .object({ paths: z.record(z.string(), z.looseObject({})) })
      .parse(JSON.parse(await readFile(file, 'utf8')));
    const documented = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const rooms =
      /^\w+ \/sandbox\/\{user_id\}(?:\/(?:fs|raw|archive|ports|usage|pause|resume|sign|checkpoints|secrets)\b.*)?$/;
    const asked = new Set(
      NATIVE_ROUTES.map(({ method, path }) => {
        const [own = ''] = path.split('?');
        const named = own
          .replace(/(checkpoints)\/\w+/, '$1/{id}')
          .replace(/(secrets)\/\w+/, '$1/{name}')
          .replace(/(ports)\/\d+/, '$1/{port}');
        return `${method} /sandbox/{user_id}${named}`;
      }),
    );
    const others = ['DELETE /sandbox/{user_id}', 'POST /sandbox/{user_id}/fs/upload', 'PUT /sandbox/{user_id}/archive'];
    const missing = documented.filter((one) => rooms.test(one) && !asked.has(one) && !others.includes(one));
    expect(missing).toEqual([]);
  });

  it('is refused without a key, and to a key of others', async () => {
    await start();
    await fake.call('POST', '/sandbox/u/create');
    expect(await askAll(NATIVE_ROUTES, (route) => send(route, null))).toEqual(expected(() => 401));
    expect(await askAll(NATIVE_ROUTES, (route) => send(route, BOT_KEY))).toEqual(expected(() => 403));
  });

  it('says that there is no sandbox, or makes it where it writes', async () => {
    await start();
    const statuses = await askAll(NATIVE_ROUTES, async (route) => {
      const user = `u-${NATIVE_ROUTES.indexOf(route)}`;
      const answer = await send(route, API_KEY, user);
      await fake.call('DELETE', `/sandbox/${user}`);
      return answer;
    });
    expect(statuses).toEqual(expected(({ absent = 404 }) => absent));
  });

  it('says that no more sandboxes may run where it would start one', async () => {
    await start();
    await fake.call('POST', '/sandbox/u/create');
    await fake.call('POST', '/sandbox/u/checkpoints');
    await fake.call('POST', '/sandbox/u/stop');
    await fake.call('POST', '/sandbox/busy/create');
    expect(await askAll(NATIVE_ROUTES, (route) => send(route))).toEqual(expected(({ full = 503 }) => full));
    expect((await fake.call('GET', '/sandbox/busy/status')).json().status).toBe('running');
  });

  it('says that the engine does not answer where it needs it', async () => {
    await start();
    await fake.call('POST', '/sandbox/u/create');
    await fake.call('POST', '/sandbox/u/checkpoints');
    fake.engine.down = true;
    expect(await askAll(NATIVE_ROUTES, (route) => send(route))).toEqual(expected(({ down = 503 }) => down));
    fake.engine.down = false;
  });

  it('of files says that the sandbox has as many as it may', async () => {
    await start();
    await fake.call('POST', '/sandbox/u/create');
    const [agent] = agents;
    agent?.silentAbout.add('list');
    const [list] = NATIVE_ROUTES;
    const held = Array.from({ length: FILE_CALLS }, () => list && send(list));
    await until('all are under way', () => agent?.requests.filter(({ op }) => op === 'list').length === FILE_CALLS);
    const routes = NATIVE_ROUTES.filter(({ isFileCall }) => isFileCall);
    expect(await askAll(routes, (route) => send(route))).toEqual(expected(() => 503, routes));
    agent?.die();
    await Promise.all(held);
  });

  it('of runs leaves those that nobody waits for', async () => {
    await start({ SANDBOX_MAX_EXECUTIONS: '1' });
    await fake.call('POST', '/sandbox/u/create');
    const [agent] = agents;
    for (const op of ['run', 'start'] as const) agent?.silentAbout.add(op);
    const isAsked = (op: string) => agent?.requests.some((request) => request.op === op) === true;
    const held = [fake.call('POST', '/sandbox/u/execute', { code: 'wait' })];
    await until('it runs', () => isAsked('run'));
    const refused = await fake.call('POST', '/sandbox/u/execute', { code: 'more' });
    expect([refused.statusCode, refused.json().error]).toEqual([503, expect.stringMatching(/ works on 1 call;/)]);
    held.push(fake.call('POST', '/sandbox/u/processes', { command: 'sleep 1' }));
    await until('it is started', () => isAsked('start'));
    agent?.die();
    await Promise.all(held);
  });
});
