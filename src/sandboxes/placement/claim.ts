import type { Clock } from '../../async/clock.ts';
import { isSandboxError } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import type { Engine } from '../../engines/engine.ts';
import type { Sandbox } from '../registry/sandbox.ts';
import { fieldsMadeAnew } from '../spec/asked-change.ts';
import { toEngineName } from '../spec/engine-spec.ts';
import { resolveSpec, specHash } from '../spec/sandbox-spec.ts';
import { type MakeRequest, newRecord } from '../storage/record.ts';
import type { SandboxStore } from '../storage/store.ts';
import type { Pool } from './pool.ts';

interface ClaimParts {
  readonly engine: Engine;
  readonly store: SandboxStore;
  readonly config: Config;
  readonly instance: string;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

/** Gives a warm sandbox of the pool to a sandbox that has no files yet and asks for no spec but one that a running one can get; true if so. */
export async function claimPooled(
  parts: ClaimParts,
  pool: Pool,
  sandbox: Sandbox,
  request: MakeRequest,
): Promise<boolean> {
  const { engine, store, config, instance, clock } = parts;
  if (sandbox.record !== null) return false;
  const [warm, wanted] = [resolveSpec(config, {}), resolveSpec(config, request.asked)];
  const { memoryBytes, cpus } = wanted;
  const isResized = memoryBytes !== warm.memoryBytes || cpus !== warm.cpus;
  const alike = { ...wanted, memoryBytes: warm.memoryBytes, cpus: warm.cpus };
  if (specHash(alike) !== specHash(warm) || fieldsMadeAnew(engine.traits, warm, wanted).length > 0) return false;
  const pooled = pool.take();
  if (!pooled) return false;
  const fresh = newRecord(sandbox, request, clock.wallMs());
  const record = { ...fresh, secret: pooled.secret, engineId: pooled.engineId, uid: pooled.uid };
  // One after the other: both change the same container.
  const give = async () => {
    if (isResized) await engine.update(pooled.engineId, { memoryBytes, cpus });
    await engine.rename(pooled.engineId, toEngineName(instance, sandbox.id));
  };
  try {
    // Side by side: what a crash leaves of either the next start removes, as if there had been no claim, or starts anew.
    await settled([
      store.claimPoolFolder(pooled.folder, record).then(() => {
        sandbox.record = record;
      }),
      give(),
    ]);
  } catch (error) {
    await pool.discard(pooled).catch(parts.onError);
    // A folder without a record that a crash has left is in the way; a start uses it.
    if (isSandboxError(error, 'no_space')) throw error;
    return false;
  }
  pooled.hasSlot = false;
  sandbox.hasSlot = true;
  sandbox.engineId = pooled.engineId;
  pool.disown(pooled);
  sandbox.link = pooled.link;
  sandbox.egress = pooled.egress;
  pooled.egress?.nameAs(sandbox.id);
  if (pooled.socketFolder) pooled.socketFolder.here = store.socketFolder(sandbox.id);
  sandbox.isFromPool = true;
  sandbox.become('running');
  return true;
}

/** Waits for all of it, then throws the reason of the first that failed. */
async function settled(work: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) if (result.status === 'rejected') throw result.reason;
}
