import { countsFor, type ToldLimits } from '../../auth/client-limits.ts';
import { keyNameOf } from '../../auth/principal.ts';
import { SandboxError } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import type { Disks } from '../../disks/disks.ts';
import type { Catalog, CatalogEntry } from '../registry/catalog.ts';
import type { Registry } from '../registry/registry.ts';
import type { SandboxStore } from '../storage/store.ts';

/** How old a sum may be that only says whether a write may begin, in milliseconds, and how much of the limit such a one may be. */
const FRESH_MS = 1_000;
const FRESH_FRACTION = 0.8;

interface KeyDiskParts {
  readonly config: Config;
  readonly disks: Disks;
  readonly catalog: Catalog;
  readonly registry: Registry;
  readonly store: SandboxStore;
  /** What the volumes take that a key has made. */
  readonly volumeBytesOf: (keyName: string) => Promise<number>;
  readonly toldLimits: ToldLimits;
}

/** What the sandboxes of each key take of the disk together, volumes, checkpoints and those that were deleted included, and whether that may be more. */
export class KeyDisk {
  readonly #parts: KeyDiskParts;
  readonly #limits: ReadonlyMap<string, number>;
  readonly #sums = new Map<string, { readonly bytes: number; readonly atMs: number }>();
  /** What copies will take that are under way. */
  readonly #promised = new Map<string, number>();

  constructor(parts: KeyDiskParts) {
    this.#parts = parts;
    this.#limits = new Map(
      parts.config.apiKeys.flatMap(({ name, maxDiskBytes }) => (maxDiskBytes === null ? [] : [[name, maxDiskBytes]])),
    );
  }

  /** Throws `no_space` where the sandboxes of the key behind this principal have all that they may; null is nobody's. */
  async requireRoom(principalName: string | null): Promise<void> {
    for (const { name, limitBytes } of this.#limitsOf(principalName)) {
      const known = this.#sums.get(name);
      const isFresh = known !== undefined && performance.now() - known.atMs < FRESH_MS;
      if (isFresh && known.bytes < FRESH_FRACTION * limitBytes) continue;
      if ((await this.#sum(name)) >= limitBytes) throw usedUp(name, limitBytes);
    }
  }

  /** Does work that takes so much more of the disk; throws `no_space` where the key may not have that. */
  async whileTaking<T>(principalName: string | null, bytes: number, work: () => Promise<T>): Promise<T> {
    const limits = this.#limitsOf(principalName);
    const promise = (more: number) => {
      for (const { name } of limits) this.#promised.set(name, (this.#promised.get(name) ?? 0) + more);
    };
    promise(bytes);
    try {
      for (const { name, limitBytes } of limits) {
        const wantedBytes = (await this.#sum(name)) + (this.#promised.get(name) ?? 0);
        if (wantedBytes > limitBytes) throw usedUp(name, limitBytes);
      }
      return await work();
    } finally {
      promise(-bytes);
      for (const { name } of limits) this.#sums.delete(name);
    }
  }

  /** That of the key behind a principal, and what gateways say of their clients; none for nobody. */
  #limitsOf(principalName: string | null): readonly { readonly name: string; readonly limitBytes: number }[] {
    if (principalName === null) return [];
    const keyName = keyNameOf(principalName);
    const own = { name: keyName, maxDiskBytes: this.#limits.get(keyName) ?? null };
    return [own, ...this.#parts.toldLimits.of(principalName)].flatMap(({ name, maxDiskBytes }) =>
      maxDiskBytes === null ? [] : [{ name, limitBytes: maxDiskBytes }],
    );
  }

  /** What all takes together that counts for this name. */
  async #sum(countedName: string): Promise<number> {
    let bytes = 0;
    for (const entry of await this.#parts.catalog.all()) {
      if (entry.createdBy === null || !countsFor(entry.createdBy, countedName) || entry.isBlank) continue;
      bytes += await this.#takenBy(entry);
    }
    bytes += await this.#parts.volumeBytesOf(countedName);
    this.#sums.set(countedName, { bytes, atMs: performance.now() });
    return bytes;
  }

  /** Of plain folders and volumes what was measured last. */
  async #takenBy({ id }: CatalogEntry): Promise<number> {
    const { disks, registry, store } = this.#parts;
    const bytes = await disks.takenBytes(id);
    if (await disks.hasImage(id)) return bytes;
    const record = registry.at(id)?.record ?? (await store.read(id));
    return bytes + (record?.diskBytes ?? 0);
  }
}

function usedUp(keyName: string, limitBytes: number): SandboxError {
  const limit = Math.floor(limitBytes / 2 ** 20);
  return new SandboxError(
    'no_space',
    `The sandboxes of the key ${keyName} and their checkpoints may take ${limit} MiB of the disk together, and this would be more; delete files, checkpoints, or sandboxes with their files (?files=true).`,
  );
}
