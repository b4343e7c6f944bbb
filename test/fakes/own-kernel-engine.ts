import type { EngineInfo } from '../../src/engines/engine.ts';
import { FakeEngine } from './fake-engine.ts';

/** A fake engine that also has the runtime `runsc`. */
export class OwnKernelEngine extends FakeEngine {
  override async info(): Promise<EngineInfo> {
    return { ...(await super.info()), runtimes: ['runc', 'runsc'] };
  }
}
