import { isAbsolute } from 'node:path';
import { Failure } from '../failure.mjs';
import { capture } from '../run.mjs';
import { SANDBOX_IMAGE } from '../sandbox-image.mjs';

/** The project in which the server's containers, images and volumes are unless the settings name another, apart from all else of this Incus. */
export const PROJECT = 'clara-sandbox';

/** The storage pool that they are in, unless the settings name another. */
export const POOL = 'clara-sandbox';

/** Where Incus puts what is given no project, and the server looks for images too. */
const USUAL_PROJECT = 'default';

/** Where Debian's package has it, and the server looks for it. */
const SOCKET = '/var/lib/incus/unix.socket';

const CALL_MS = 120_000;
const ASK_MS = 10_000;

/** The Incus of the settings, by the incus command of this machine. */
export class Incus {
  /** What INCUS_REMOTE says. */
  remote;
  /** True where it is on other machines: the server's own code alone reaches those. */
  isFar;
  socket;
  project;
  pool;
  /** What sandboxes are made of. */
  image;
  #env;

  /** @param {NodeJS.ProcessEnv} env */
  constructor(env) {
    this.remote = env.INCUS_REMOTE || 'local';
    this.isFar = this.remote !== 'local' && !isAbsolute(this.remote);
    this.socket = isAbsolute(this.remote) ? this.remote : SOCKET;
    this.project = env.INCUS_PROJECT || PROJECT;
    this.pool = env.INCUS_POOL || POOL;
    this.image = env.INCUS_SANDBOX_IMAGE || SANDBOX_IMAGE;
    this.#env = { ...process.env, INCUS_SOCKET: this.socket };
  }

  /**
   * What a command of incus wrote; throws a Failure with what it said where it fails.
   * @param {string[]} args
   * @param {{timeoutMs?: number}} [options]
   */
  async run(args, { timeoutMs = CALL_MS } = {}) {
    const { code, stdout, stderr } = await this.#capture(args, timeoutMs);
    if (code === 0) return stdout;
    throw new Failure(`incus ${args.slice(0, 3).join(' ')} failed: ${stderr.trim() || `it ended with code ${code}`}`);
  }

  /**
   * What the API answers at a path.
   * @param {string} path
   */
  async query(path) {
    return parse(await this.run(['query', path]));
  }

  /**
   * The same; undefined where nothing is there.
   * @param {string} path
   */
  async find(path) {
    const { code, stdout } = await this.#capture(['query', path], ASK_MS);
    return code === 0 ? parse(stdout) : undefined;
  }

  /**
   * What of it answers, with the drivers that it has found, bars between them.
   * @returns {Promise<{version: string, drivers: string, features: Record<string, string>, reason: string}>} an empty version where none does
   */
  async ask() {
    const { code, stdout, stderr } = await this.#capture(['query', '/1.0'], ASK_MS);
    if (code === 0) {
      const {
        server_version: version = '',
        driver: drivers = '',
        kernel_features: features = {},
      } = JSON.parse(stdout).environment ?? {};
      return { version, drivers, features, reason: '' };
    }
    const reason = code === 127 ? 'the incus command is not installed' : stderr.trim().split('\n').at(-1);
    return { version: '', drivers: '', features: {}, reason: reason?.replace(/[.?]+$/, '') || 'it does not answer' };
  }

  /** True where it has the project. */
  async hasProject() {
    return (await this.find(`/1.0/projects/${encodeURIComponent(this.project)}`)) !== undefined;
  }

  /**
   * The image of sandboxes, where the server looks for it: virtual machines have theirs in the project.
   * @param {boolean} isOfMachines
   * @returns {Promise<{type: string} | undefined>}
   */
  async findImage(isOfMachines) {
    for (const project of new Set([this.project, ...(isOfMachines ? [] : [USUAL_PROJECT])])) {
      const found = await this.find(
        `/1.0/images/aliases/${encodeURIComponent(this.image)}?project=${encodeURIComponent(project)}`,
      );
      if (found) return found;
    }
    return undefined;
  }

  /**
   * @param {string[]} args
   * @param {number} timeoutMs
   */
  async #capture(args, timeoutMs) {
    return await capture('incus', args, { env: this.#env, timeoutMs });
  }
}

/** @param {string} text what `incus query` has printed: nothing for an empty list */
function parse(text) {
  return text.trim() === '' ? [] : JSON.parse(text);
}
