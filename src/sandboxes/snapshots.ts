import { randomBytes } from 'node:crypto';
import type { Principal } from '../auth/principal.ts';
import { SandboxError } from '../base/errors.ts';
import { type SandboxId, toSandboxId } from '../base/sandbox-address.ts';
import type { Config } from '../config/config.ts';
import { type SandboxRef, SNAPSHOT_NAMESPACE } from './asked/ref.ts';
import type { Terms } from './asked/terms.ts';
import type { Changes } from './changes/changes.ts';
import type { Forks } from './checkpoints/forks.ts';
import type { Lifecycle } from './lifecycle/lifecycle.ts';
import type { Catalog, CatalogEntry } from './registry/catalog.ts';

const ID_BYTES = 12;

/** The files of a sandbox as they were at a moment, with what it was made with; it outlives the sandbox. */
export interface Snapshot extends CatalogEntry {
  readonly terms: Terms & { readonly snapshot: NonNullable<Terms['snapshot']> };
}

interface SnapshotsParts {
  readonly config: Config;
  readonly catalog: Catalog;
  readonly changes: Changes;
  readonly forks: Forks;
  readonly lifecycle: Lifecycle;
}

/** Takes, lists and removes snapshots, each of which belongs to the key that took it. */
export class Snapshots {
  readonly #parts: SnapshotsParts;
  /** Those that are being taken, and whose: a list has them at some time on the way. */
  readonly #taking = new Map<SandboxId, string>();

  constructor(parts: SnapshotsParts) {
    this.#parts = parts;
  }

  /** Takes one of what a sandbox on terms has now; throws `too_many` where the key has as many as it may. */
  async take(ref: SandboxRef, name: string | null): Promise<Snapshot> {
    const { changes, forks, config } = this.#parts;
    const { record } = await changes.findExisting(ref);
    if (!record?.terms) throw new SandboxError('not_found', 'Sandbox not found');
    const keyName = ref.principal.name;
    const listed = (await this.list(ref.principal)).map(({ id }) => id);
    const taking = [...this.#taking].flatMap(([id, name]) => (name === keyName ? [id] : []));
    if (new Set([...listed, ...taking]).size >= config.maxSnapshots) {
      const sentence = `The key ${keyName} has its ${config.maxSnapshots} snapshots already; delete one before it takes another.`;
      throw new SandboxError('too_many', sentence);
    }
    const id = `s${randomBytes(ID_BYTES).toString('hex')}`;
    const address = { namespace: SNAPSHOT_NAMESPACE, id };
    const terms = { ...record.terms, snapshot: { name, sourceId: ref.address.id } };
    const sandboxId = toSandboxId(address);
    this.#taking.set(sandboxId, keyName);
    try {
      const change = { env: record.env, labels: record.labels, terms };
      await forks.keep({ address, principal: ref.principal }, ref.address, change);
    } finally {
      this.#taking.delete(sandboxId);
    }
    return await this.#require(ref.principal, id);
  }

  /** Those of the principal, newest first. */
  async list({ name }: Principal): Promise<readonly Snapshot[]> {
    const own = [...(await this.#parts.catalog.all())].filter(
      (entry): entry is Snapshot =>
        entry.address.namespace === SNAPSHOT_NAMESPACE &&
        entry.createdBy === name &&
        entry.deletedAtMs === null &&
        !entry.isBlank &&
        (entry.terms?.snapshot ?? null) !== null,
    );
    return own.sort((one, other) => other.createdAtMs - one.createdAtMs || (one.id < other.id ? -1 : 1));
  }

  /** The variables of one, or of a sandbox, which lists do not hold. */
  async envOf(
    principal: Principal,
    { address }: Pick<CatalogEntry, 'address'>,
  ): Promise<Readonly<Record<string, string>>> {
    const { record } = await this.#parts.changes.findExisting({ address, principal });
    return record?.env ?? {};
  }

  /** Removes one for good; sandboxes that began with it keep what they have. */
  async remove(principal: Principal, { address }: Snapshot): Promise<void> {
    const { changes, lifecycle } = this.#parts;
    const kept = await changes.findExisting({ address, principal });
    await changes.exclusively(kept, () => lifecycle.purge(kept));
  }

  async #require(principal: Principal, id: string): Promise<Snapshot> {
    const sandboxId = toSandboxId({ namespace: SNAPSHOT_NAMESPACE, id });
    const found = (await this.list(principal)).find((entry) => entry.id === sandboxId);
    if (found) return found;
    throw new SandboxError('not_found', 'Snapshot not found');
  }
}
