import { SandboxError } from '../../src/base/errors.ts';
import type { EngineFile, ImageReading } from '../../src/engines/image-reading.ts';

/** The images of a fake engine: every name is one, but for those that a test takes away or breaks. */
export class FakeImages {
  readonly absent = new Set(['absent:latest']);
  readonly withoutPython = new Set(['without-python:latest']);
  readonly thatFlood = new Set(['floods:latest']);
  readonly withoutSleep = new Set(['without-sleep:latest']);
  /** What every image has. */
  readonly files: Record<string, string> = { '/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\n' };
  /** How often the images of these names were built anew. */
  readonly #builds = new Map<string, number>();

  /** Builds an image anew under its name; what was made of it stays as it is. */
  rebuild(image: string): void {
    this.#builds.set(image, (this.#builds.get(image) ?? 0) + 1);
  }

  idOf(name: string): string | null {
    const isPossible = name.length < 256 && /^[\w./:@-]+$/.test(name) && !name.includes('..');
    return !isPossible || this.absent.has(name) ? null : `sha256:${name}/${this.#builds.get(name) ?? 0}`;
  }

  read({ image, paths }: ImageReading): ReadonlyMap<string, EngineFile> {
    this.demand(image);
    const found = paths.flatMap((path) => {
      const text = this.files[path];
      return text === undefined ? [] : [[path, { sizeBytes: text.length, content: Buffer.from(text) }] as const];
    });
    return new Map(found);
  }

  demand(image: string): void {
    if (!this.absent.has(image)) return;
    throw new SandboxError('invalid', `Image ${image} is not on this machine: build or pull it first.`);
  }

  /** What really runs where a program is started, null for the program itself. */
  inPlaceOf([program]: readonly string[], image: string): readonly string[] | null {
    if (program !== 'python3') return null;
    if (this.withoutPython.has(image)) return ['/nothing/here'];
    return this.thatFlood.has(image) ? ['yes'] : null;
  }
}
