import { isAbsolute } from 'node:path';
import { SandboxError } from '../errors.ts';
import { createDockerEngine } from './docker/docker-engine.ts';
import type { Engine, EngineKind } from './engine.ts';
import { createIncusEngine } from './incus/incus-engine.ts';

/** Which Incus, and what of it is the server's, as the configuration says. */
export interface IncusSettings {
  /** `local`, or the path of a socket. */
  readonly remote: string;
  readonly project: string;
  /** Null for the pool that `npm run incus` makes. */
  readonly pool: string | null;
}

/** What `npm run incus` makes. */
const OWN_INCUS: IncusSettings = { remote: 'local', project: 'clara-sandbox', pool: null };
const OWN_POOL = 'clara-sandbox';

/** Where Debian's package has it. */
const LOCAL_SOCKET = '/var/lib/incus/unix.socket';

/** The engine that sandboxes are to run on, opened lazily; throws `invalid` with a sentence for one that this server does not have. */
export function openEngine(kind: EngineKind, incus: IncusSettings = OWN_INCUS): Engine {
  if (kind === 'docker') return createDockerEngine();
  if (kind === 'incus') {
    const { project, pool } = incus;
    return createIncusEngine({ socketPath: socketOf(incus), project, pool: pool ?? OWN_POOL });
  }
  throw new SandboxError('invalid', `SANDBOX_MODE=${kind} does not work yet: take docker or incus.`);
}

function socketOf({ remote }: IncusSettings): string {
  if (remote === 'local') return LOCAL_SOCKET;
  if (isAbsolute(remote)) return remote;
  throw new SandboxError(
    'invalid',
    `INCUS_REMOTE=${remote} does not work yet: sandboxes run on an Incus of this machine, local or the path of its socket.`,
  );
}
