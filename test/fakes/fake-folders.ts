import { statSync } from 'node:fs';
import type { EngineSpec } from '../../src/engines/engine.ts';
import { FakeFiles } from './fake-files.ts';
import type { FakeVolumes } from './fake-volumes.ts';

/** The files of fake sandboxes, which outlive them. */
export class FakeFolders {
  readonly #files = new Map<string, FakeFiles>();

  /** Files live in the first mount, as a folder would: found again by the next sandbox, even where the folder was renamed. */
  filesOf(spec: EngineSpec, id: string, volumes: FakeVolumes | null): FakeFiles {
    const source = spec.mounts[0]?.source;
    if (typeof source === 'object') return volumes?.filesOf(source.volume) ?? new FakeFiles();
    const folder = source === undefined ? undefined : statSync(source, { throwIfNoEntry: false });
    const key = folder ? `inode ${folder.ino}` : (source ?? id);
    const files = this.#files.get(key) ?? new FakeFiles();
    this.#files.set(key, files);
    return files;
  }
}
