import type { Principal } from '../auth/principal.ts';
import { isSandboxError, SandboxError } from '../base/errors.ts';
import type { Config } from '../config/config.ts';
import type { AskedSpec } from '../sandboxes/asked/asked-spec.ts';
import type { LifePolicy } from '../sandboxes/asked/life-policy.ts';
import type { SandboxRef } from '../sandboxes/asked/ref.ts';
import { makeSandbox } from '../sandboxes/making.ts';
import type { SandboxStatus } from '../sandboxes/status/status.ts';
import type { Session } from './session.ts';
import { NAMESPACE, refOf, type Sessions, type SessionsParts, UNBOUND_END } from './sessions.ts';

/** The least memory that a sandbox can run with, in bytes. */
const LEAST_MEMORY_BYTES = 64 * 2 ** 20;

interface LoansParts extends SessionsParts {
  readonly config: Pick<Config, 'maxCpus' | 'maxMemoryBytes'>;
  readonly sessions: Sessions;
}

/** Sandboxes that users acquire and give back; each is its user's alone, and destroyed when it is given back. */
export class Loans {
  readonly #parts: LoansParts;
  /** Sessions that get a sandbox at the moment. */
  readonly #waiting = new Set<string>();
  #creating = 0;

  constructor(parts: LoansParts) {
    this.#parts = parts;
  }

  /** How many are being made. */
  get creating(): number {
    return this.#creating;
  }

  /**
   * The sandbox of the session that was resumed first and not asked for since; else a new one, for the newest active session that has
   * none, or for no session. Throws `limit` where there is no room for it.
   */
  async acquire(principal: Principal): Promise<SandboxStatus> {
    const { sessions } = this.#parts;
    const next = this.#next(principal);
    if (!next) return await this.#make(principal, null);
    this.#waiting.add(next.id);
    try {
      return await sessions.change(principal, next.id, async (session) => {
        if (sessions.statusOf(session) !== 'active') {
          throw new SandboxError(
            'conflict',
            'The session that this sandbox was for is no longer active; acquire again.',
          );
        }
        return (await this.#again(principal, session)) ?? (await this.#make(principal, session));
      });
    } finally {
      this.#waiting.delete(next.id);
    }
  }

  /** Destroys a sandbox, unless its session is paused, which keeps it; throws `not_found` where it is not the principal's. */
  async release(ref: SandboxRef): Promise<void> {
    const startedAtMs = performance.now();
    await this.#release(ref);
    this.#parts.onEvent({ type: 'released', seconds: (performance.now() - startedAtMs) / 1000 });
  }

  async #release(ref: SandboxRef): Promise<void> {
    const { sessions, store } = this.#parts;
    const holder = this.#holderOf(ref);
    if (!holder) return await this.#destroy(ref);
    await sessions.change(ref.principal, holder.id, async (session) => {
      if (session.sandboxId !== ref.address.id) return await this.#destroy(ref);
      if (sessions.statusOf(session) === 'paused') return await store.write({ ...session, isReleased: true });
      await this.#destroy(ref);
      await store.write({ ...session, sandboxId: null, resumed: null, updatedAtMs: this.#parts.clock.wallMs() });
    });
  }

  /** Notes a use of a sandbox; throws `conflict` where its session is paused, `not_found` where that is over. */
  noteUse(ref: SandboxRef): void {
    const { sessions, store, clock } = this.#parts;
    const session = this.#holderOf(ref);
    if (!session) return;
    const status = sessions.statusOf(session);
    if (status === 'expired') throw new SandboxError('not_found', 'The session of this sandbox has expired.');
    if (status === 'paused') {
      throw new SandboxError('conflict', `The session of this sandbox is paused; resume it first: ${session.id}.`);
    }
    const resumed = session.resumed && { ...session.resumed, isUsed: true };
    store.writeSoon({ ...session, lastActiveAtMs: clock.wallMs(), resumed });
  }

  /** How many sandboxes users have and have not given back, of all users together. */
  async inUse(): Promise<number> {
    const { sandboxes, store } = this.#parts;
    const { entries } = await sandboxes.list(
      ({ address, deletedAtMs, isBlank }) => address.namespace === NAMESPACE && deletedAtMs === null && !isBlank,
      Number.MAX_SAFE_INTEGER,
    );
    const released = [...store.all()].filter(({ isReleased, sandboxId }) => isReleased && sandboxId !== null);
    return Math.max(0, entries.length - released.length);
  }

  /** Undefined for no session: those that were resumed come first, then those that have no sandbox, newest first. */
  #next(principal: Principal): Session | undefined {
    const { sessions } = this.#parts;
    const active = sessions
      .list(principal)
      .filter((session) => sessions.statusOf(session) === 'active' && !this.#waiting.has(session.id));
    const resumed = active
      .filter(({ sandboxId, resumed }) => sandboxId !== null && resumed !== null)
      .sort((one, other) => (one.resumed?.atMs ?? 0) - (other.resumed?.atMs ?? 0));
    const bare = active.filter(({ sandboxId }) => sandboxId === null).sort((one, other) => bornAt(other) - bornAt(one));
    return resumed.find((session) => session.resumed?.isUsed === false) ?? bare[0] ?? resumed[0];
  }

  /** The sandbox that the session has; null where it has none. */
  async #again(principal: Principal, session: Session): Promise<SandboxStatus | null> {
    const { sandboxes, store } = this.#parts;
    const ref = refOf(principal, session);
    if (!ref) return null;
    try {
      const status = await sandboxes.get(ref);
      await store.write({ ...session, resumed: null });
      return status;
    } catch (error) {
      if (isSandboxError(error, 'not_found')) return null;
      throw error;
    }
  }

  async #make(principal: Principal, session: Session | null): Promise<SandboxStatus> {
    const { sandboxes, store, clock } = this.#parts;
    this.#creating += 1;
    try {
      const made = await makeSandbox(sandboxes, NAMESPACE, principal, {
        asked: session ? await this.#toAsked(session) : {},
        life: toLife(session),
        settings: {},
      });
      if (!session) return made;
      const nowMs = clock.wallMs();
      const { id: sandboxId } = made.address;
      await store.write({ ...session, sandboxId, resumed: null, updatedAtMs: nowMs, lastActiveAtMs: nowMs });
      return made;
    } finally {
      this.#creating -= 1;
    }
  }

  /** What is over what this server gives is as much as it gives. */
  async #toAsked({ image, cpuCount, memoryMb }: Session): Promise<AskedSpec> {
    const { images, config } = this.#parts;
    const memoryBytes = Math.max(memoryMb * 2 ** 20, LEAST_MEMORY_BYTES);
    return {
      ...(await images.ask(image)),
      cpus: Math.min(cpuCount, config.maxCpus),
      memoryBytes: Math.min(memoryBytes, config.maxMemoryBytes),
    };
  }

  async #destroy(ref: SandboxRef): Promise<void> {
    if (!(await this.#parts.sandboxes.purge(ref))) throw new SandboxError('not_found', 'Sandbox not found');
  }

  #holderOf({ address, principal }: SandboxRef): Session | undefined {
    const holder = this.#parts.store.holderOf(address.id);
    return holder?.owner === principal.name ? holder : undefined;
  }
}

function bornAt({ createdAtMs, resumed }: Session): number {
  return Math.max(createdAtMs, resumed?.atMs ?? 0);
}

function toLife(session: Session | null): LifePolicy {
  const end: LifePolicy['end'] = session ? { when: 'at', atMs: session.expiresAtMs, by: 'purge' } : UNBOUND_END;
  return { pauseAfter: 'default', stopAfter: 'never', yieldsAtCap: false, end };
}
