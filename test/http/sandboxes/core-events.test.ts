import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeEngine } from '../../fakes/fake-engine.ts';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';

let fake: FakeApp;
let lines: Record<string, unknown>[];

async function start(variables: Readonly<Record<string, string>> = {}): Promise<void> {
  lines = [];
  const write = (line: string) => void lines.push(JSON.parse(line));
  const logger = pino({ level: 'debug' }, { write });
  fake = await startNativeApp(variables, new FakeEngine(), { logger });
}

afterEach(async () => {
  await fake.close();
});

const eventsOf = (name: string) =>
  lines
    .filter(({ event, sandbox }) => event !== undefined && String(sandbox).startsWith(`${name}-`))
    .map(({ event, from, to, how }) => (event === 'state' ? `${from} > ${to}` : `${event}${how ? ` ${how}` : ''}`));

describe('the log of the core', () => {
  it('has each change of a sandbox’s state, and how it came up', async () => {
    await start();
    await fake.call('POST', '/sandbox/u/create');
    await fake.call('POST', '/sandbox/u/stop');
    await fake.call('DELETE', '/sandbox/u');
    expect(eventsOf('u')).toEqual([
      'absent > creating',
      'creating > running',
      'up start',
      'running > stopped',
      'stopped > absent',
    ]);
  });

  it('has who made room for another', async () => {
    await start({ SANDBOX_MAX_CONTAINERS: '1' });
    await fake.call('POST', '/sandbox/first/create');
    await fake.call('POST', '/sandbox/second/create');
    expect(eventsOf('first')).toEqual([
      'absent > creating',
      'creating > running',
      'up start',
      'running > stopped',
      'eviction',
    ]);
  });

  it('says in the line of a request how the program ended', async () => {
    await start();
    await fake.call('POST', '/sandbox/u/execute', { code: 'print(1)' });
    const line = lines.find(({ route }) => route === '/sandbox/:user_id/execute');
    expect(line).toMatchObject({ user: 'u', key: 'master', status: 200, outcome: 'exit 0' });
  });
});
