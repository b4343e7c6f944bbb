import type { Config } from '../config.ts';
import type { Engine, EngineId } from '../engines/engine.ts';
import { isSandboxError, SandboxError } from '../errors.ts';
import { LABEL, toEngineName } from './engine-spec.ts';
import { SANDBOX_USER, WORKSPACE } from './layout.ts';

const MEMORY_BYTES = 128 * 2 ** 20;

/**
 * Runs something in the runtime that the configuration asks for, and throws `invalid` where that does not work: isolation
 * that was asked for and is not there must not go unnoticed. An engine that does not answer proves nothing and passes.
 */
export async function checkRuntime(engine: Engine, config: Config, instance: string): Promise<void> {
  let id: EngineId | undefined;
  try {
    const { runtimes } = await engine.info();
    if (!runtimes.includes(config.runtime)) {
      throw new SandboxError('invalid', `The engine has no runtime ${config.runtime}; it has ${runtimes.join(', ')}.`);
    }
    if (config.runtime === 'runc') return;
    const name = toEngineName(instance, 'runtime-check');
    // A server that was killed while it tried the runtime leaves one, under the name that this one needs.
    const left = await engine.inspect(name);
    if (left) await engine.remove(left.id);
    id = await engine.create({
      name,
      labels: { [LABEL.instance]: instance },
      image: config.image,
      user: SANDBOX_USER,
      workdir: WORKSPACE,
      env: {},
      memoryBytes: MEMORY_BYTES,
      cpus: 1,
      pidsLimit: config.pidsLimit,
      mounts: [],
      tmpfs: [],
      network: { mode: 'none' },
      runtime: config.runtime,
      seccomp: config.seccomp,
    });
    await engine.start(id);
    const exec = await engine.exec(id, ['python3', '-c', '']);
    for await (const _ of exec.stream.end());
    const code = await exec.exitCode();
    if (code !== 0) throw new Error(`Python ended with exit code ${code}. ${exec.stderr()}`);
  } catch (cause) {
    if (isSandboxError(cause, 'unavailable') || isSandboxError(cause, 'timeout')) return;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SandboxError('invalid', `SANDBOX_DOCKER_RUNTIME=${config.runtime} does not work here. ${reason}`, {
      cause,
    });
  } finally {
    if (id) await engine.remove(id);
  }
}
