import { SandboxError } from '../base/errors.ts';
import type { Config } from '../config/config.ts';
import { isPublishedName, OWN_IMAGE } from '../config/published-images.ts';
import type { Engine } from '../engines/engine.ts';
import type { AskedSpec } from './asked/asked-spec.ts';
import { isPermitted, requirePermittedImage } from './spec/permitted-images.ts';

interface ImagesParts {
  readonly engine: Engine;
  readonly config: Config;
}

/** What the names of images mean that clients ask for. */
export class Images {
  readonly #parts: ImagesParts;

  constructor(parts: ImagesParts) {
    this.#parts = parts;
  }

  /**
   * What to ask for where a client names an image. A name of a published example means the own image, unless the operator lists it and
   * the engine has it. Throws `invalid` with the field `image` for one that is not permitted or not there.
   */
  async ask(name: string): Promise<Pick<AskedSpec, 'image' | 'imageName'>> {
    const { config } = this.#parts;
    if (!isPublishedName(name)) {
      requirePermittedImage({ image: name }, config);
      await this.#requirePresent(name);
      return { image: name };
    }
    if (isPermitted({ image: name }, config) && (await this.#isPresent(name))) return { image: name };
    await this.#requirePresent(OWN_IMAGE);
    return { image: OWN_IMAGE, imageName: name };
  }

  async #requirePresent(image: string): Promise<void> {
    if (await this.#isPresent(image)) return;
    const sentence = `Image ${image} is not on this machine: build or pull it first.`;
    throw new SandboxError('invalid', sentence, { field: 'image' });
  }

  async #isPresent(image: string): Promise<boolean> {
    const { engine } = this.#parts;
    return (await engine.imageId(image)) !== null || engine.traits.images.isServed(image);
  }
}
