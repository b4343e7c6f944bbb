import type { Engine } from '../../engines/engine.ts';
import type { Sandbox } from '../registry/sandbox.ts';
import type { LifecycleParts } from './lifecycle-parts.ts';

/** Freezes or ends a sandbox at the engine: that it is leaving is told before, and where that fails, that it stays. */
export async function leave(
  { engine, events }: Pick<LifecycleParts, 'engine' | 'events'>,
  { id: sandboxId }: Sandbox,
  work: (engine: Engine) => Promise<void>,
): Promise<void> {
  events.emit({ type: 'leaving', sandboxId });
  try {
    await work(engine);
  } catch (error) {
    events.emit({ type: 'stays', sandboxId });
    throw error;
  }
}
