import { isSandboxError, messageOf, SandboxError } from '../../base/errors.ts';
import type { EngineTraits } from '../engine.ts';
import { meaningOf } from './errors.ts';
import type { FoundImage } from './images.ts';
import type { IncusCalls } from './incus-calls.ts';
import { findImageServer } from './known-remotes.ts';

/** How long Incus may take to load an image, and for how long one is not asked for again that could not be loaded, in milliseconds. */
const LOAD_MS = 600_000;
const FAILED_MS = 10_000;

/** An image of an image server, as `incus launch` takes it: `images:debian/12/cloud`. */
const REMOTE_IMAGE = /^([^:/]+):(.+)$/;

/** Where an image is loaded from. */
interface ImagePlace {
  readonly server: string;
  readonly alias: string;
}

/** Where an image of that name is loaded from; null for one of no image server. Throws `invalid` where nothing tells which servers there are. */
export function placeOf(name: string): ImagePlace | null {
  const [, remote = '', alias = ''] = REMOTE_IMAGE.exec(name) ?? [];
  const server = remote === '' ? null : findImageServer(remote);
  return server === null ? null : { server, alias };
}

interface ServedImagesParts {
  /** The names of images that the operator lists. */
  readonly names: readonly string[];
  readonly type: 'container' | 'virtual-machine';
  find(name: string): Promise<FoundImage | null>;
  /** Who is to load one. */
  calls(): Promise<IncusCalls>;
}

/** Images of image servers that the operator lists, which Incus loads, each once; where they are is read at the start. */
export class ServedImages {
  readonly #parts: ServedImagesParts;
  readonly #places = new Map<string, ImagePlace | SandboxError>();
  readonly #loads = new Map<string, Promise<void>>();
  readonly #failures = new Map<string, { readonly error: unknown; readonly untilMs: number }>();

  constructor(parts: ServedImagesParts) {
    this.#parts = parts;
    for (const name of parts.names) {
      const place = placeOrError(name);
      if (place) this.#places.set(name, place);
    }
  }

  /** What holds for an engine that loads them. */
  toTraits(traits: EngineTraits): EngineTraits {
    const isServed = (name: string) => this.#places.has(name) && !isSandboxError(this.#places.get(name));
    return { ...traits, images: { ...traits.images, isServed } };
  }

  /**
   * Has Incus load one that is not there; of no other image anything is asked. Throws `invalid` where it is not on its server, and
   * `unavailable` where that cannot be reached.
   */
  async load(name: string): Promise<void> {
    const place = this.#places.get(name);
    if (!place) return;
    const loading = this.#loads.get(name) ?? this.#loadAbsent(name, place).finally(() => this.#loads.delete(name));
    this.#loads.set(name, loading);
    await loading;
  }

  async #loadAbsent(name: string, place: ImagePlace | SandboxError): Promise<void> {
    if (await this.#parts.find(name)) return;
    if (isSandboxError(place)) throw place;
    const failure = this.#failures.get(name);
    if (failure && performance.now() < failure.untilMs) throw failure.error;
    const calls = await this.#parts.calls();
    try {
      await this.#pull(calls, name, place);
      this.#failures.delete(name);
    } catch (error) {
      this.#failures.set(name, { error, untilMs: performance.now() + FAILED_MS });
      throw error;
    }
  }

  async #pull(calls: IncusCalls, name: string, place: ImagePlace): Promise<void> {
    const source = { type: 'image', mode: 'pull', protocol: 'simplestreams', ...place, image_type: this.#parts.type };
    const body = { source, aliases: [{ name }] };
    try {
      await calls.change(`load the image ${name}`, 'POST', '/1.0/images', body, LOAD_MS);
    } catch (cause) {
      // Another server may have loaded it meanwhile, or this one have lost the answer.
      if (await this.#parts.find(name).catch(() => null)) return;
      const isThere = meaningOf(cause) !== 'no-image';
      const why = isThere ? `cannot be loaded of ${place.server} (${messageOf(cause)})` : `is not on ${place.server}`;
      throw new SandboxError(isThere ? 'unavailable' : 'invalid', `The image ${name} ${why}.`, { cause });
    }
  }
}

function placeOrError(name: string): ImagePlace | SandboxError | null {
  try {
    return placeOf(name);
  } catch (cause) {
    if (!isSandboxError(cause)) throw cause;
    const sentence = `The image ${name} is not there, and whether an image server has it cannot be told: ${cause.message}`;
    return new SandboxError('invalid', sentence, { cause });
  }
}
