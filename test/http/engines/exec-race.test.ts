import { expect, it } from 'vitest';
import type { EngineExec, EngineId } from '../../../src/engines/engine.ts';
import { FakeEngine } from '../../fakes/fake-engine.ts';
import { runLocally } from '../../fakes/fake-exec.ts';
import { startNativeApp } from '../../support/fake-app.ts';

/** Ends its first sandbox in the moment in which a program is started in it, as a container that is killed then. */
class EndingEngine extends FakeEngine {
  #hasEnded = false;

  override async exec(id: EngineId, argv: readonly string[]): Promise<EngineExec> {
    if (this.#hasEnded) return await super.exec(id, argv);
    this.#hasEnded = true;
    this.kill(id);
    return runLocally(['/nothing/here'], {});
  }
}

it('does not blame the image where the container ends while the agent is started in it', async () => {
  const fake = await startNativeApp({}, new EndingEngine());
  try {
    const first = await fake.call('POST', '/sandbox/u/execute', { code: 'print(1)' });
    expect(first.statusCode).toBe(503);
    const second = await fake.call('POST', '/sandbox/u/execute', { code: 'print(1)' });
    expect(second.json()).toMatchObject({ output: '1\n' });
  } finally {
    await fake.close();
  }
});
