import type { Engine } from '../../src/engines/engine.ts';
import type { FakeEngine } from '../fakes/fake-engine.ts';

/** Does what calls the engine, which goes away within that verb and stays so; resolves with what came of it. */
export async function losingEngine<T>(engine: FakeEngine, verb: keyof Engine, work: () => Promise<T>): Promise<T> {
  const gate = engine.hold(verb);
  const done = work();
  await gate.reached;
  engine.down = true;
  gate.release();
  return await done;
}
