import type { Engine, EngineId } from '../../engines/engine.ts';

/** Takes that which has waited longest off the list; where the engine has several machines, that with the fewest users beside it. */
export function takeNext<Waiting extends { readonly engineId: EngineId }>(
  ready: Waiting[],
  { volumes }: Pick<Engine, 'volumes'>,
): Waiting | undefined {
  const picked = volumes?.pick(ready.map(({ engineId }) => engineId));
  const index = ready.findIndex(({ engineId }) => engineId === picked);
  return ready.splice(Math.max(0, index), 1)[0];
}
