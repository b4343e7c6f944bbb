import { join } from 'node:path';
import type { Clock } from '../../async/clock.ts';
import { KeyedMutex } from '../../async/keyed-mutex.ts';
import type { SandboxId } from '../../base/sandbox-address.ts';
import type { CoreEvents } from '../../observability/core-events.ts';
import type { SandboxRef } from '../asked/ref.ts';
import type { Changes } from '../changes/changes.ts';
import type { Registry } from '../registry/registry.ts';
import type { SandboxStore } from '../storage/store.ts';
import { type Alert, type AlertKind, readAlerts, writeAlerts } from './alert-file.ts';

export type { Alert, AlertKind };

/** An alert of the same kind comes again after so long at the earliest, in milliseconds. */
const AGAIN_AFTER_MS = 300_000;

interface AlertsParts {
  readonly changes: Pick<Changes, 'findExisting'>;
  readonly store: Pick<SandboxStore, 'folderOf'>;
  readonly registry: Pick<Registry, 'at'>;
  readonly clock: Clock;
  readonly events: CoreEvents;
}

/** The alerts of sandboxes, in files in their folders: they outlive the server. */
export class Alerts {
  readonly #parts: AlertsParts;
  readonly #writing = new KeyedMutex<SandboxId>();
  /** Of sandboxes that were looked at since the server started. */
  readonly #known = new Map<SandboxId, readonly Alert[]>();

  constructor(parts: AlertsParts) {
    this.#parts = parts;
    parts.events.subscribe((event) => {
      if (event.type === 'state' && event.to === 'absent') this.#known.delete(event.sandboxId);
    });
  }

  /** All that are kept, oldest first; throws `not_found` where there is no sandbox. */
  async list(ref: SandboxRef): Promise<readonly Alert[]> {
    const { id } = await this.#parts.changes.findExisting(ref);
    return await this.#writing.run(id, () => this.#read(id));
  }

  /** Says that something is so, or not any more. */
  async note(id: SandboxId, kind: AlertKind, found: Pick<Alert, 'severity' | 'message'> | null): Promise<void> {
    if (found === null && this.#known.get(id)?.every(({ resolvedAtMs }) => resolvedAtMs !== null)) return;
    await this.#writing.run(id, async () => {
      const before = await this.#read(id);
      const after = found === null ? this.#resolve(before, kind) : this.#raise(id, before, { kind, ...found });
      if (after === before) return;
      await writeAlerts(this.#fileOf(id), after);
      this.#keep(id, after);
    });
  }

  #resolve(alerts: readonly Alert[], kind: AlertKind): readonly Alert[] {
    const isOpen = (alert: Alert) => alert.kind === kind && alert.resolvedAtMs === null;
    if (!alerts.some(isOpen)) return alerts;
    const resolvedAtMs = this.#parts.clock.wallMs();
    return alerts.map((alert) => (isOpen(alert) ? { ...alert, resolvedAtMs } : alert));
  }

  #raise(
    id: SandboxId,
    alerts: readonly Alert[],
    found: Pick<Alert, 'kind' | 'severity' | 'message'>,
  ): readonly Alert[] {
    const nowMs = this.#parts.clock.wallMs();
    const last = alerts.findLast(({ kind }) => kind === found.kind);
    if (last && (last.resolvedAtMs === null || nowMs - last.atMs < AGAIN_AFTER_MS)) return alerts;
    this.#parts.events.emit({ type: 'alert', sandboxId: id, alert: found.kind });
    return [...alerts, { ...found, atMs: nowMs, resolvedAtMs: null }];
  }

  async #read(id: SandboxId): Promise<readonly Alert[]> {
    const known = this.#known.get(id) ?? (await readAlerts(this.#fileOf(id)));
    this.#keep(id, known);
    return known;
  }

  /** Nothing of one that is gone: what its end resolves comes after that. */
  #keep(id: SandboxId, alerts: readonly Alert[]): void {
    if (this.#parts.registry.at(id)?.isExisting) this.#known.set(id, alerts);
  }

  #fileOf(id: SandboxId): string {
    return join(this.#parts.store.folderOf(id), 'alerts.json');
  }
}
