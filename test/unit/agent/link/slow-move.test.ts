import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { AgentLink } from '../../../../src/agent/link/link.ts';
import { SharedFrameBudget } from '../../../../src/agent/wire/frame-budget.ts';
import { createDeferred } from '../../../../src/async/deferred.ts';
import { specFor } from '../../../contract/spec-for.ts';
import { FakeEngine } from '../../../fakes/fake-engine.ts';
import { FakeFailure } from '../../../fakes/fake-files.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clara-line-'));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
});

afterEach(async () => {
  vi.useRealTimers();
  await rm(folder, { recursive: true });
});

it('an agent that a new server finds is not ended where it takes some seconds to call on its socket', async () => {
  const engine = new FakeEngine();
  const engineId = await engine.create(specFor('image', {}));
  await engine.start(engineId);
  const { agent } = engine.sandboxes.demand(engineId);
  const asked = createDeferred<void>();
  const answer = createDeferred<void>();
  agent.before.set('socket', async () => {
    asked.resolve();
    await answer.promise;
    throw new FakeFailure('unsupported', 'The socket cannot be reached from here.');
  });
  const link = new AgentLink({
    ...{ engine, engineId, secret: 'ab', frames: new SharedFrameBudget() },
    source: { bootstrap: 'pass', bundle: Buffer.from('{}'), hash: 'test' },
    settings: { workspace: '/workspace', packages: '/packages', scratch: '/run/clara', preload: 'none', env: {} },
    socketFolder: { here: folder, inside: '/run/clara-line' },
  });
  const connected = link.connect();
  await asked.promise;
  vi.advanceTimersByTime(6_000);
  answer.resolve();
  expect((await connected).isOpen).toBe(true);
  expect(engine.calls.filter((call) => call.startsWith('exec'))).toHaveLength(1);
  link.close(new Error('The test is over.'));
});
