import type { Clock } from '../../../async/clock.ts';
import type { SandboxRef } from '../../../sandboxes/asked/ref.ts';
import type { Sandboxes } from '../../../sandboxes/sandboxes.ts';
import type { Tenancies, Tenancy } from '../../../sandboxes/tenancies.ts';
import { endingAt } from '../life.ts';

interface Beginning {
  readonly tenancies: Tenancies;
  readonly sandboxes: Sandboxes;
  readonly clock: Clock;
}

/** The time of a sandbox that is made begins now: what its making took is not of it. One that has none is gone at once. */
export async function beginTime({ tenancies, sandboxes, clock }: Beginning, ref: SandboxRef): Promise<Tenancy> {
  const tenancy = await tenancies.get(ref);
  const { timeoutSeconds } = tenancy.terms;
  await tenancies.prolong(ref, (life) => endingAt(life, clock.wallMs() + timeoutSeconds * 1000));
  if (timeoutSeconds === 0 && (await tenancies.find(ref.address)) === null) await sandboxes.purge(ref);
  return tenancy;
}
