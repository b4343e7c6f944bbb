import type { Engine } from '../../engines/engine.ts';
import type { Sandbox } from '../registry/sandbox.ts';
import type { SandboxUsers } from '../users/sandbox-users.ts';
import type { Instances } from './instances.ts';

interface ReplacementParts {
  readonly engine: Engine;
  readonly users: SandboxUsers;
}

/** Makes a stopped sandbox that came from the pool a container that can start again. */
export async function replaceContainer(
  { engine, users }: ReplacementParts,
  instances: Instances,
  sandbox: Sandbox,
): Promise<void> {
  const { record, engineId } = sandbox;
  forgetContainer(sandbox);
  if (engineId) await engine.remove(engineId);
  // One from before users of their own runs to its stop; the next start gives it a container, and its files to its user.
  if (!record || (await users.preparedFor(record.id)) === null) return;
  sandbox.engineId = await instances.create(record);
  sandbox.record = { ...record, engineId: sandbox.engineId };
}

/** Lets go of a container that is there no more, or is to be removed. */
export function forgetContainer(sandbox: Sandbox): void {
  sandbox.engineId = null;
  sandbox.isFromPool = false;
}
