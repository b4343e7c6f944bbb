import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import { Semaphore } from '../async/semaphore.ts';
import { isSandboxError, SandboxError } from '../base/errors.ts';
import type { Config } from '../config/config.ts';
import type { Engine, ImageBuilder } from '../engines/engine.ts';
import type { Files } from '../files/files.ts';
import { isMissing } from '../files/refusals.ts';
import type { AskedSpec } from '../sandboxes/asked/asked-spec.ts';
import type { SandboxRef } from '../sandboxes/asked/ref.ts';
import type { Images } from '../sandboxes/images.ts';
import type { Listing } from '../sandboxes/listing.ts';
import { BUILT_PREFIX } from '../sandboxes/spec/permitted-images.ts';
import { toSafeDockerfile } from './dockerfile.ts';
import { toTarEntry } from './tar-entry.ts';

const BUILD_MS = 300_000;

/** Reading the Dockerfile. */
const READ_MS = 30_000;

const MAX_DOCKERFILE_BYTES = 65_536;

const MAX_CONTEXT_BYTES = 64 * 2 ** 20;

/** Of images that a server has built, with the identity of its data folder. */
const LABEL = 'clara.built-by';

/** A folder of a sandbox with a Dockerfile, and what the build may take. */
export interface WantedBuild {
  readonly ref: SandboxRef;
  /** Absolute. */
  readonly folder: string;
  /** Within the folder. */
  readonly dockerfile: string;
  /** What its client calls the image. */
  readonly imageName: string;
  readonly memoryBytes: number;
  readonly cpus: number;
}

interface BuildsParts {
  readonly config: Pick<Config, 'allowsBuilds'>;
  readonly engine: Engine;
  /** The identity of the data folder. */
  readonly instance: string;
  readonly files: Files;
  readonly images: Images;
  readonly listing: Listing;
  readonly onError: (error: unknown) => void;
}

/** Images that are built of folders of sandboxes, one at a time; each goes with the last sandbox that is made of it. */
export class Builds {
  readonly #parts: BuildsParts;
  readonly #turns = new Semaphore(1);
  /** Built for a sandbox that is not there yet. */
  readonly #fresh = new Set<string>();

  constructor(parts: BuildsParts) {
    this.#parts = parts;
  }

  /** Throws `unsupported` where the operator or the engine has no builds. */
  require(): ImageBuilder {
    const { config, engine } = this.#parts;
    if (!config.allowsBuilds) {
      const sentence =
        'This server builds no images; its operator may permit it (SANDBOX_BUILDS=true), or build the image.';
      throw new SandboxError('unsupported', sentence);
    }
    if (engine.builder) return engine.builder;
    throw new SandboxError('unsupported', `${engine.traits.label} builds no images for this server.`);
  }

  /** Builds an image for what `use` makes of it. Throws `invalid` with the field `build_context` for what cannot be built, `timeout` after 300 s. */
  async with<Made>(
    wanted: WantedBuild,
    signal: AbortSignal,
    use: (image: Pick<AskedSpec, 'image' | 'imageName'>) => Promise<Made>,
  ): Promise<Made> {
    const builder = this.require();
    const image = `${BUILT_PREFIX}${randomBytes(16).toString('hex')}:latest`;
    this.#fresh.add(image);
    try {
      await this.#turns.run(() => this.#build(builder, image, wanted, signal));
      return await use({ image, imageName: wanted.imageName });
    } finally {
      this.#fresh.delete(image);
      await this.sweep();
    }
  }

  /** Removes the images that no sandbox is made of any more; what fails is reported, and tried again. */
  async sweep(): Promise<void> {
    const { engine, config, instance, listing, onError } = this.#parts;
    if (!config.allowsBuilds || !engine.builder) return;
    try {
      const used = await listing.images();
      for (const image of await engine.builder.built({ [LABEL]: instance })) {
        if (!used.has(image) && !this.#fresh.has(image)) await engine.builder.removeImage(image);
      }
    } catch (error) {
      onError(error);
    }
  }

  async #build(
    builder: ImageBuilder,
    name: string,
    { ref, folder, dockerfile, memoryBytes, cpus }: WantedBuild,
    signal: AbortSignal,
  ): Promise<void> {
    const { files, instance } = this.#parts;
    const text = await this.#readDockerfile(ref, posix.join(folder, dockerfile), signal);
    const safe = await toSafeDockerfile(text, (image) => this.#toPresent(image));
    // What was checked is what is built, whatever the sandbox writes into its own file meanwhile.
    const own = `.dockerfile-${randomBytes(8).toString('hex')}`;
    await files.pack(ref, folder, 'tar', { signal }, async ({ body }) => {
      const context = bounded(toTarEntry(own, Buffer.from(safe)), body);
      const labels = { [LABEL]: instance };
      await builder.build({ name, labels, context, dockerfile: own, memoryBytes, cpus }, BUILD_MS);
    });
  }

  async #readDockerfile(ref: SandboxRef, path: string, signal: AbortSignal): Promise<string> {
    try {
      const read = await this.#parts.files.read(ref, path, MAX_DOCKERFILE_BYTES, { deadlineMs: READ_MS, signal });
      return read.toString('utf8');
    } catch (error) {
      if (!isMissing(error)) throw error;
      throw refused(`names ${path}, which is not there`, error);
    }
  }

  async #toPresent(name: string): Promise<string> {
    try {
      return (await this.#parts.images.ask(name)).image ?? name;
    } catch (error) {
      if (!isSandboxError(error, 'invalid')) throw error;
      throw new SandboxError('invalid', error.message, { field: 'build_context', cause: error });
    }
  }
}

async function* bounded(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  let bytes = 0;
  for await (const chunk of rest) {
    bytes += chunk.length;
    if (bytes > MAX_CONTEXT_BYTES) throw refused('names a folder with more than 64 MiB');
    yield chunk;
  }
}

function refused(why: string, cause?: unknown): SandboxError {
  return new SandboxError('invalid', `build_context ${why}.`, { field: 'build_context', cause });
}
