import { isSandboxError } from '../../base/errors.ts';
import type { Engine } from '../../engines/engine.ts';
import { LABEL, toEngineName } from '../spec/engine-spec.ts';
import type { ImageAccounts } from '../storage/folder-users.ts';
import { NO_ACCOUNTS } from './accounts.ts';

/** Names of users in larger files no sandbox needs: such an image counts as one without. */
const MOST_BYTES = 2 ** 20;

/** How many images are kept in memory, those that were asked for last. */
const MOST_IMAGES = 32;

const PASSWD = '/etc/passwd';
const GROUP = '/etc/group';
const BASH = '/bin/bash';

/** Where images of Debian and Alpine, of Red Hat, and of SUSE have the certificates that their programs believe. */
const BUNDLES = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/ca-bundle.pem'];

/** What images say of their users, read once for each image. */
export class ImageAccountsReader {
  /** The identity of the data folder, which names what is made in the engine. */
  instance = '';
  readonly #engine: Engine;
  readonly #known = new Map<string, Promise<ImageAccounts>>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Those of the image that has this name and id; throws `invalid` where the engine has no such image. */
  async of(image: string, id: string | null): Promise<ImageAccounts> {
    if (id === null) return await this.#read(image);
    const reading = this.#known.get(id) ?? this.#read(id);
    this.#known.delete(id);
    this.#known.set(id, reading);
    const [oldest = id] = this.#known.keys();
    if (this.#known.size > MOST_IMAGES) this.#known.delete(oldest);
    try {
      return await reading;
    } catch (error) {
      if (this.#known.get(id) === reading) this.#known.delete(id);
      throw error;
    }
  }

  async #read(image: string): Promise<ImageAccounts> {
    try {
      return await this.#readOnce(image);
    } catch (error) {
      // Whoever looks for what nobody owns may have taken it away, and what a crash has left is in the way.
      if (!isSandboxError(error, 'not_found') && !isSandboxError(error, 'conflict')) throw error;
      const left = await this.#engine.inspect(this.#nameFor(image));
      if (left) await this.#engine.remove(left.id);
      return await this.#readOnce(image);
    }
  }

  async #readOnce(image: string): Promise<ImageAccounts> {
    const files = await this.#engine.readImage({
      name: this.#nameFor(image),
      labels: { [LABEL.instance]: this.instance },
      image,
      paths: [PASSWD, GROUP, BASH, ...BUNDLES],
      maxBytes: MOST_BYTES,
    });
    const textOf = (path: string) => files.get(path)?.content?.toString('latin1');
    return {
      passwd: textOf(PASSWD) ?? NO_ACCOUNTS.passwd,
      group: textOf(GROUP) ?? NO_ACCOUNTS.group,
      shell: files.has(BASH) ? BASH : NO_ACCOUNTS.shell,
      certificates: BUNDLES.map(textOf).find((text) => text !== undefined) ?? NO_ACCOUNTS.certificates,
    };
  }

  #nameFor(image: string): string {
    return toEngineName(this.instance, `image-${image.replace(/[^0-9a-zA-Z]/g, '-')}`);
  }
}
