import { randomUUID } from 'node:crypto';
import { isSandboxError } from '../base/errors.ts';
import type { Engine } from './engine.ts';

const MEMORY_BYTES = 64 * 2 ** 20;

/** The numbers of nobody on most systems; nothing is started as it. */
const NOBODY = { uid: 65_534, gid: 65_534 } as const;

/**
 * Whether there is something at this path on the engine's machine, whose files this process may not see: the engine makes no sandbox
 * with a mount of what is not there. True also where nobody can know, as without an image or an engine.
 */
export async function isOnEngineHost(engine: Engine, image: string, path: string): Promise<boolean> {
  const name = `clara-path-check-${randomUUID()}`;
  try {
    if ((await engine.imageId(image)) === null) return true;
    const mounts = [{ source: path, target: '/path', isReadOnly: true }];
    const limits = { memoryBytes: MEMORY_BYTES, cpus: 1, pidsLimit: 32 };
    const rest = { env: {}, tmpfs: [], network: { mode: 'none' }, runtime: 'runc', seccomp: 'strict' } as const;
    const id = await engine.create({ name, labels: {}, image, user: NOBODY, workdir: '/', mounts, ...limits, ...rest });
    await engine.remove(id);
    return true;
  } catch (error) {
    return !isSandboxError(error, 'invalid');
  }
}
