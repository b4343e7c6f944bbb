import type { Readable, Writable } from 'node:stream';
import { SandboxError } from '../../src/base/errors.ts';
import type { EngineVolumes, VolumeUsage, WantedVolume } from '../../src/engines/engine-volumes.ts';
import { FakeFiles } from './fake-files.ts';

/** Volumes in memory that keep the interface's promises; tests say how full they are. */
export class FakeVolumes implements EngineVolumes {
  readonly #files = new Map<string, FakeFiles>();
  readonly all = new Map<string, WantedVolume>();
  /** What each of them takes, in bytes. */
  usedBytes = 0;
  /** While true no copy has room. */
  isFull = false;
  /** While true every call throws `unavailable`. */
  down = false;

  async create(name: string, wanted: WantedVolume): Promise<void> {
    if (await this.has(name)) throw new SandboxError('conflict', `The volume ${name} is there already.`);
    this.all.set(name, wanted);
  }

  async copy(from: string, to: string): Promise<void> {
    const wanted = this.all.get(from);
    if (!(await this.has(from)) || !wanted) throw new SandboxError('unavailable', `The volume ${from} is gone.`);
    if (this.isFull) throw new SandboxError('no_space', 'The fake volumes have no room.');
    this.all.set(to, wanted);
    this.#files.set(to, this.filesOf(from).clone());
  }

  async archive(name: string, to: Writable): Promise<void> {
    if (!(await this.has(name))) throw new SandboxError('unavailable', `The volume ${name} is gone.`);
    to.end(JSON.stringify(this.all.get(name)));
  }

  async bringBack(name: string, from: Readable): Promise<void> {
    const wanted = JSON.parse((await from.toArray()).join(''));
    await this.create(name, wanted);
  }

  /** What is in one. */
  filesOf(name: string): FakeFiles {
    const files = this.#files.get(name) ?? new FakeFiles();
    this.#files.set(name, files);
    return files;
  }

  async has(name: string): Promise<boolean> {
    if (this.down) throw new SandboxError('unavailable', 'The fake volumes do not answer.');
    return this.all.has(name);
  }

  async grow(name: string, sizeBytes: number): Promise<boolean> {
    if (!(await this.has(name))) return false;
    const volume = this.all.get(name);
    if (volume && volume.sizeBytes > 0 && volume.sizeBytes < sizeBytes) this.all.set(name, { ...volume, sizeBytes });
    return true;
  }

  async remove(name: string): Promise<void> {
    if (await this.has(name)) this.all.delete(name);
  }

  pick<Id extends string>(waiting: readonly Id[]): Id | undefined {
    return waiting[0];
  }

  async usage(name: string): Promise<VolumeUsage> {
    if (!(await this.has(name))) throw new SandboxError('unavailable', `The volume ${name} is gone.`);
    return { usedBytes: this.usedBytes, limitBytes: this.all.get(name)?.sizeBytes ?? 0 };
  }
}
