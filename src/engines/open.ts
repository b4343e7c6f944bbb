import { SandboxError } from '../errors.ts';
import { createDockerEngine } from './docker/docker-engine.ts';
import type { Engine, EngineKind } from './engine.ts';

/** The engine that sandboxes are to run on, opened lazily; throws `invalid` with a sentence for one that this server does not have. */
export function openEngine(kind: EngineKind): Engine {
  if (kind === 'docker') return createDockerEngine();
  throw new SandboxError('invalid', `SANDBOX_MODE=${kind} does not work yet: take docker.`);
}
