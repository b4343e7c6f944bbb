import { expect, it } from 'vitest';
import { AgentLink } from '../../../../src/agent/link/link.ts';
import { SharedFrameBudget } from '../../../../src/agent/wire/frame-budget.ts';
import { specFor } from '../../../contract/spec-for.ts';
import { FakeEngine } from '../../../fakes/fake-engine.ts';

it('a link that is closed while it connects keeps no connection', async () => {
  const engine = new FakeEngine();
  const engineId = await engine.create(specFor('image', {}));
  await engine.start(engineId);
  const link = new AgentLink({
    ...{ engine, engineId, secret: 'ab', frames: new SharedFrameBudget() },
    source: { bootstrap: 'pass', bundle: Buffer.from('{}'), hash: 'test' },
    settings: { workspace: '/workspace', packages: '/packages', scratch: '/run/clara', preload: 'none', env: {} },
    socketFolder: null,
  });
  const connected = link.connect();
  link.close(new Error('The server ends.'));
  await expect(connected).rejects.toMatchObject({ kind: 'unavailable' });
  expect(link.current).toBeUndefined();
  expect(engine.calls.filter((call) => call.startsWith('exec'))).toHaveLength(1);
});
