import type { EngineExec, EngineId, EngineInfo } from '../../src/engines/engine.ts';
import { FakeEngine } from './fake-engine.ts';
import { runLocally } from './fake-exec.ts';

/** A fake engine that also has the runtime `runsc`, in which the program that a server tries it with works. */
export class OwnKernelEngine extends FakeEngine {
  override async info(): Promise<EngineInfo> {
    return { ...(await super.info()), runtimes: ['runc', 'runsc'] };
  }

  override async exec(id: EngineId, argv: readonly string[]): Promise<EngineExec> {
    const isTrial = argv.length === 3 && argv[1] === '-c';
    return isTrial ? runLocally(['true'], {}) : await super.exec(id, argv);
  }
}
