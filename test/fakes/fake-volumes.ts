import type { EngineVolumes, VolumeUsage, WantedVolume } from '../../src/engines/engine-volumes.ts';
import { SandboxError } from '../../src/errors.ts';

/** Volumes in memory that keep the interface's promises; tests say how full they are. */
export class FakeVolumes implements EngineVolumes {
  readonly all = new Map<string, WantedVolume>();
  /** What each of them takes, in bytes. */
  usedBytes = 0;
  /** While true every call throws `unavailable`. */
  down = false;

  async create(name: string, wanted: WantedVolume): Promise<void> {
    if (await this.has(name)) throw new SandboxError('conflict', `The volume ${name} is there already.`);
    this.all.set(name, wanted);
  }

  async has(name: string): Promise<boolean> {
    if (this.down) throw new SandboxError('unavailable', 'The fake volumes do not answer.');
    return this.all.has(name);
  }

  async remove(name: string): Promise<void> {
    if (await this.has(name)) this.all.delete(name);
  }

  async usage(name: string): Promise<VolumeUsage> {
    if (!(await this.has(name))) throw new SandboxError('unavailable', `The volume ${name} is gone.`);
    return { usedBytes: this.usedBytes, limitBytes: this.all.get(name)?.sizeBytes ?? 0 };
  }
}
