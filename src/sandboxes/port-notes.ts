import type { Clock } from '../async/clock.ts';
import { Mutex } from '../async/mutex.ts';
import { SandboxError } from '../base/errors.ts';
import type { PreviewPlace } from '../base/preview-place.ts';
import type { SandboxAddress } from '../base/sandbox-address.ts';
import { type SandboxRef, SHARED_NAMESPACE } from './asked/ref.ts';
import type { Changes } from './changes/changes.ts';
import type { Catalog } from './registry/catalog.ts';
import type { Registry } from './registry/registry.ts';
import { newPreviewId, type PortSettings, type SandboxRecord } from './storage/record.ts';
import type { SandboxStore } from './storage/store.ts';

export type { PortSettings };

/** Ports of one sandbox for which something may be settled. */
const MAX_PORTS = 512;

/** A port that whoever asks may reach, as the one whose sandbox it is. */
export interface OwnedPort {
  readonly ref: SandboxRef;
  readonly port: number;
}

interface PortNotesParts {
  readonly changes: Pick<Changes, 'findExisting' | 'exclusively'>;
  readonly catalog: Pick<Catalog, 'find' | 'ofPreview' | 'ofSubdomain'>;
  readonly registry: Pick<Registry, 'find'>;
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly store: Pick<SandboxStore, 'write'>;
}

/** What the record of a sandbox says of its ports. */
export interface NotedPorts {
  readonly previewId: string;
  readonly ports: Readonly<Record<string, PortSettings>>;
  /** By port, until when the last URL that opens it is good, on the wall clock. */
  readonly portUrls: Readonly<Record<string, number>>;
}

/** What the records of sandboxes keep of their ports. Throws `not_found` where there is no sandbox. */
export class PortNotes {
  readonly #parts: PortNotesParts;
  readonly #settling = new Mutex();

  constructor(parts: PortNotesParts) {
    this.#parts = parts;
  }

  /** What is noted; a sandbox of before there were previews gets its preview id now. */
  async read(ref: SandboxRef): Promise<NotedPorts> {
    const { record } = await this.#parts.changes.findExisting(ref);
    if (record?.previewId) return { ...record, previewId: record.previewId };
    return await this.#write(ref, (before) => before);
  }

  /** Settles something for a port. Throws `conflict` where there are as many as may be. */
  async change(ref: SandboxRef, port: number, settings: PortSettings): Promise<NotedPorts> {
    return await this.#write(ref, (record) => ({ ...record, ports: withRoom(record.ports, port, settings) }));
  }

  /** Settles all ports of a sandbox at once; throws `conflict` where another sandbox has one of their subdomains. */
  async settle(ref: SandboxRef, ports: Readonly<Record<number, PortSettings>>): Promise<void> {
    await this.#settling.run(async () => {
      for (const { subdomain } of Object.values(ports)) {
        if (subdomain === undefined || (await this.#parts.catalog.ofSubdomain(subdomain)) === undefined) continue;
        throw new SandboxError('conflict', `Another sandbox has the subdomain ${subdomain}; choose another.`);
      }
      await this.#write(ref, (record) => ({ ...record, ports }));
    });
  }

  /** The public port of a host, by its own label or by place, of a sandbox that belongs to who made it; null for any other. */
  async ownedPort(host: string | PreviewPlace): Promise<OwnedPort | null> {
    const { catalog, registry } = this.#parts;
    const named = typeof host === 'string' ? await catalog.ofSubdomain(host) : undefined;
    const entry =
      typeof host === 'string' ? named && (await catalog.find(named.id)) : await catalog.ofPreview(host.previewId);
    const port = typeof host === 'string' ? named?.port : host.port;
    if (!entry || port === undefined || entry.deletedAtMs !== null || entry.address.namespace === SHARED_NAMESPACE)
      return null;
    const record = (await registry.find(entry.id))?.record;
    if (record?.ports[port]?.visibility !== 'public') return null;
    const principal = { name: entry.createdBy ?? '', userPrefix: '', maxSandboxes: 0 };
    return { ref: { address: entry.address, principal }, port };
  }

  /** Notes that a URL was signed that opens a port until then. */
  async noteUrl(ref: SandboxRef, port: number, untilMs: number): Promise<NotedPorts> {
    const nowMs = this.#parts.clock.wallMs();
    return await this.#write(ref, (record) => {
      const portUrls = Object.fromEntries(Object.entries(record.portUrls).filter(([, ms]) => ms > nowMs));
      const until = Math.max(untilMs, portUrls[port] ?? 0);
      return { ...record, portUrls: withRoom(portUrls, port, until) };
    });
  }

  /** The address of the sandbox whose preview hosts have this id, deleted or not; null where none has. */
  async addressOf(previewId: string): Promise<SandboxAddress | null> {
    return (await this.#parts.catalog.ofPreview(previewId))?.address ?? null;
  }

  /** True for a port that is public, or that a URL opens which is still good; false for one of a sandbox that is not there. */
  async isShown(previewId: string, port: number): Promise<boolean> {
    const { catalog, registry, clock } = this.#parts;
    const entry = await catalog.ofPreview(previewId);
    const record = entry && entry.deletedAtMs === null ? (await registry.find(entry.id))?.record : undefined;
    if (!record) return false;
    return record.ports[port]?.visibility === 'public' || (record.portUrls[port] ?? 0) > clock.wallMs();
  }

  async #write(ref: SandboxRef, change: (record: SandboxRecord) => SandboxRecord): Promise<NotedPorts> {
    const { changes, store } = this.#parts;
    const sandbox = await changes.findExisting(ref);
    return await changes.exclusively(sandbox, async () => {
      const { record } = sandbox;
      if (!record || record.deletedAtMs !== null) throw new SandboxError('not_found', 'Sandbox not found');
      const previewId = record.previewId ?? newPreviewId();
      const changed = { ...change(record), previewId };
      sandbox.record = changed;
      await store.write(changed);
      return changed;
    });
  }
}

function withRoom<T>(known: Readonly<Record<string, T>>, port: number, value: T): Record<string, T> {
  const changed = { ...known, [port]: value };
  if (Object.keys(changed).length <= MAX_PORTS) return changed;
  throw new SandboxError('conflict', `A sandbox has settings for ${MAX_PORTS} ports at the most.`);
}
