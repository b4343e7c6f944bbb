import { KeyedMutex } from '../../async/keyed-mutex.ts';
import { messageOf, SandboxError } from '../../base/errors.ts';
import { meaningOf } from './errors.ts';
import { type FoundImage, findImage, noSuchImage } from './images.ts';
import type { IncusCalls } from './incus-calls.ts';
import { findImageServer } from './known-remotes.ts';

/** How long Incus may take to load an image, in milliseconds. */
const LOAD_MS = 600_000;

/** An image of an image server, as `incus launch` takes it: `images:debian/12/cloud`. */
const REMOTE_IMAGE = /^([^:/]+):(.+)$/;

/** Where an image of that name is loaded from; null for one of no image server. */
export function placeOf(name: string): { readonly server: string; readonly alias: string } | null {
  const [, remote = '', alias = ''] = REMOTE_IMAGE.exec(name) ?? [];
  const server = remote === '' ? null : findImageServer(remote);
  return server === null ? null : { server, alias };
}

/** Images that Incus has, or loads once of an image server where it is asked for by a name like `images:debian/12/cloud`. */
export class ImageSource {
  readonly #calls: IncusCalls;
  readonly #type: 'container' | 'virtual-machine';
  readonly #loading = new KeyedMutex<string>();

  constructor(calls: IncusCalls, type: 'container' | 'virtual-machine') {
    this.#calls = calls;
    this.#type = type;
  }

  /** Throws `invalid` for one that is not there, on its server neither, and `unavailable` where that cannot be reached. */
  async find(name: string): Promise<FoundImage> {
    const find = async () => await findImage(this.#calls, name);
    return (await find()) ?? (await this.#loading.run(name, async () => (await find()) ?? this.#load(name)));
  }

  async #load(name: string): Promise<FoundImage> {
    const place = placeOf(name);
    if (place === null) throw noSuchImage(name);
    const source = { type: 'image', mode: 'pull', protocol: 'simplestreams', ...place, image_type: this.#type };
    const body = { source, aliases: [{ name }] };
    try {
      await this.#calls.change(`load the image ${name}`, 'POST', '/1.0/images', body, LOAD_MS);
    } catch (cause) {
      const isThere = meaningOf(cause) !== 'no-image';
      const why = isThere ? `cannot be loaded of ${place.server} (${messageOf(cause)})` : `is not on ${place.server}`;
      throw new SandboxError(isThere ? 'unavailable' : 'invalid', `The image ${name} ${why}.`, { cause });
    }
    const found = await findImage(this.#calls, name);
    if (found) return found;
    throw new SandboxError('unavailable', `Incus has lost the image ${name}; try again.`);
  }
}
