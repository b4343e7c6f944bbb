import { SandboxError } from '../../src/base/errors.ts';
import type { ImageBuild, ImageBuilder } from '../../src/engines/engine.ts';

const BLOCK = 512;

/** An image that was built. */
interface FakeImage extends Omit<ImageBuild, 'context'> {
  /** The text of its Dockerfile, the first file of the context. */
  readonly text: string;
}

/** Builds nothing and remembers what it was asked for; a Dockerfile with `RUN false` fails. */
export class FakeBuilder implements ImageBuilder {
  readonly images = new Map<string, FakeImage>();

  async build({ context, ...build }: ImageBuild): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of context) chunks.push(chunk);
    const archive = Buffer.concat(chunks);
    const size = Number.parseInt(archive.toString('latin1', 124, 135), 8);
    const text = archive.toString('utf8', BLOCK, BLOCK + size);
    if (text.includes('RUN false')) {
      throw new SandboxError('invalid', 'The image cannot be built: exit code 1.', { field: 'build_context' });
    }
    this.images.set(build.name, { ...build, text });
  }

  async built(labels: Readonly<Record<string, string>>): Promise<readonly string[]> {
    const wanted = Object.entries(labels);
    const found = [...this.images.values()].filter((image) =>
      wanted.every(([name, value]) => image.labels[name] === value),
    );
    return found.map(({ name }) => name);
  }

  async removeImage(name: string): Promise<void> {
    this.images.delete(name);
  }
}
