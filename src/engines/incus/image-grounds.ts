import { KeyedMutex } from '../../async/keyed-mutex.ts';
import type { EngineSpec } from '../engine.ts';
import { type FoundImage, findImage, imageEnvironment, noSuchImage, propertiesOf } from './images.ts';
import { PREPARED_PROPERTY, type Preparing, prepareImage } from './prepared-images.ts';

/** The property of an image that npm run incus has made: from what. */
const SOURCE_PROPERTY = 'clara.source';

/** What containers are made of that are to run an image. */
export interface ImageGround extends FoundImage {
  /** The image's own environment, of which Incus knows nothing. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whether this project's own first process is in it. */
  readonly hasOwnInit: boolean;
}

/** Finds what containers are made of; an image that lacks the places where the server binds something is prepared once. */
export class ImageGrounds {
  readonly #preparation: Preparing;
  readonly #known = new Map<string, ImageGround>();
  readonly #preparing = new KeyedMutex<string>();

  constructor(preparation: Preparing) {
    this.#preparation = preparation;
  }

  /** The ground of a sandbox with these labels. Throws `invalid` for an image that is not there, or has no Python. */
  async of({ image, labels }: Pick<EngineSpec, 'image' | 'labels'>): Promise<ImageGround> {
    const found = await findImage(this.#preparation.calls, image);
    if (!found) throw noSuchImage(image);
    const { fingerprint } = found;
    const learn = () => this.#learn(image, found, labels);
    return this.#known.get(fingerprint) ?? (await this.#preparing.run(fingerprint, learn));
  }

  /** Forgets what is gone from Incus. */
  forget({ fingerprint }: FoundImage): void {
    for (const [key, known] of this.#known) if (known.fingerprint === fingerprint) this.#known.delete(key);
  }

  async #learn(image: string, found: FoundImage, labels: EngineSpec['labels']): Promise<ImageGround> {
    const { calls } = this.#preparation;
    const known = this.#known.get(found.fingerprint);
    if (known) return known;
    const properties = await propertiesOf(calls, found);
    const isOurs = SOURCE_PROPERTY in properties || PREPARED_PROPERTY in properties;
    const isReady = isOurs && found.project === calls.project;
    const ground = {
      ...(isReady ? found : await prepareImage(this.#preparation, image, { ...found, properties }, labels)),
      environment: imageEnvironment(properties),
      hasOwnInit: SOURCE_PROPERTY in properties,
    };
    this.#known.set(found.fingerprint, ground);
    return ground;
  }
}
