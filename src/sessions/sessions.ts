import type { Clock } from '../async/clock.ts';
import { KeyedMutex } from '../async/keyed-mutex.ts';
import type { Principal } from '../auth/principal.ts';
import { isSandboxError, SandboxError } from '../base/errors.ts';
import type { LifePolicy } from '../sandboxes/asked/life-policy.ts';
import type { SandboxRef } from '../sandboxes/asked/ref.ts';
import type { Images } from '../sandboxes/images.ts';
import type { Sandboxes } from '../sandboxes/sandboxes.ts';
import type { Settings } from '../sandboxes/settings.ts';
import { newSession, type Session, type SessionStatus, statusOf, USUAL_TTL_MS, type WantedSession } from './session.ts';
import type { SessionStore } from './session-store.ts';

/** Of the addresses of the sandboxes that sessions have. */
export const NAMESPACE = 'cloud';

/** Sessions of one principal, and of all together; those that have expired count while they are kept. */
const MOST = { each: 1_000, all: 10_000 };

/** How a sandbox ends that no session holds: a day without use. */
export const UNBOUND_END: LifePolicy['end'] = { when: 'unused', afterSeconds: 24 * 3_600, by: 'purge' };

/** What happens to sessions and to the sandboxes that users acquire; `seconds` is how long a session was, or how long a release took. */
export type SessionEvent =
  | { readonly type: 'created' }
  | { readonly type: 'deleted' | 'expired' | 'released'; readonly seconds: number };

/** What sessions work with. */
export interface SessionsParts {
  readonly store: SessionStore;
  readonly sandboxes: Sandboxes;
  readonly settings: Settings;
  readonly images: Images;
  readonly clock: Clock;
  readonly onEvent: (event: SessionEvent) => void;
}

/** The sessions of users. Each method about one throws `not_found` for that of another principal, `invalid` where it is in no state for it. */
export class Sessions {
  readonly #parts: SessionsParts;
  readonly #mutex = new KeyedMutex<string>();
  /** By sandbox, so that one session alone gets it. */
  readonly #binding = new KeyedMutex<string>();
  #lastStampMs = 0;

  constructor(parts: SessionsParts) {
    this.#parts = parts;
    for (const { createdAtMs, resumed } of parts.store.all()) {
      this.#lastStampMs = Math.max(this.#lastStampMs, createdAtMs, resumed?.atMs ?? 0);
    }
  }

  /** Makes one without a sandbox; throws `invalid` for an image that is not to be had, `too_many` where there are as many as may be. */
  async create(principal: Principal, wanted: WantedSession): Promise<Session> {
    const { store, images, onEvent } = this.#parts;
    await images.ask(wanted.image);
    await this.#makeRoom(principal);
    // Nothing waits from here until the store has it: of two at the same moment the second finds the first.
    this.#requireRoom(principal);
    const session = newSession(principal.name, wanted, this.#stamp());
    await store.write(session);
    onEvent({ type: 'created' });
    return session;
  }

  /** A principal's, oldest first. */
  list({ name }: Principal): readonly Session[] {
    const own = [...this.#parts.store.all()].filter(({ owner }) => owner === name);
    return own.sort((one, other) => one.createdAtMs - other.createdAtMs);
  }

  get({ name }: Principal, id: string): Session {
    const session = this.#parts.store.get(id);
    if (session?.owner !== name) throw new SandboxError('not_found', 'Session not found');
    return session;
  }

  statusOf(session: Session): SessionStatus {
    return statusOf(session, this.#parts.clock.wallMs());
  }

  /** Ends it, and destroys its sandbox. */
  async remove(principal: Principal, id: string): Promise<void> {
    await this.change(principal, id, async (session) => {
      const { store, sandboxes, onEvent, clock } = this.#parts;
      const ref = refOf(principal, session);
      if (ref) await sandboxes.purge(ref);
      await store.remove(id);
      onEvent({ type: 'deleted', seconds: (clock.wallMs() - session.createdAtMs) / 1000 });
    });
  }

  /** Freezes its sandbox, if it has one, until it is resumed; throws `conflict` while a call is under way in there. */
  async pause(principal: Principal, id: string): Promise<Session> {
    return await this.change(principal, id, async (session) => {
      this.#require(session, 'active');
      const { settings, sandboxes } = this.#parts;
      const ref = refOf(principal, session);
      const isThere = await orMissing(async () => {
        if (ref && (await sandboxes.isUp(ref))) await settings.pause(ref);
      });
      const nowMs = this.#stamp();
      const { sandboxId } = session;
      return await this.#write({
        ...session,
        ...{ pausedAtMs: nowMs, updatedAtMs: nowMs, sandboxId: isThere ? sandboxId : null, resumed: null },
      });
    });
  }

  /** Lets its sandbox go on; it lives for a day more. */
  async resume(principal: Principal, id: string): Promise<Session> {
    return await this.change(principal, id, async (session) => {
      this.#require(session, 'paused');
      const { settings } = this.#parts;
      const nowMs = this.#stamp();
      const expiresAtMs = nowMs + USUAL_TTL_MS;
      const ref = refOf(principal, session);
      const isThere = await orMissing(async () => {
        if (!ref) return;
        await settings.resume(ref);
        await this.endAt(ref, { when: 'at', atMs: expiresAtMs, by: 'purge' });
      });
      return await this.#write({
        ...session,
        ...{ pausedAtMs: null, updatedAtMs: nowMs, lastActiveAtMs: nowMs, expiresAtMs, isReleased: false },
        ...{ sandboxId: isThere ? session.sandboxId : null, resumed: { atMs: nowMs, isUsed: false } },
      });
    });
  }

  /** Says that it is in use. */
  async touch(principal: Principal, id: string): Promise<void> {
    await this.change(principal, id, async (session) => {
      if (this.statusOf(session) === 'expired') throw outOfOrder('expired');
      await this.#write({ ...session, lastActiveAtMs: this.#parts.clock.wallMs() });
    });
  }

  /** Gives it a sandbox that its user has acquired; throws `conflict` where another session holds that. */
  async bind(principal: Principal, id: string, sandboxId: string): Promise<void> {
    const work = async (session: Session) => {
      this.#require(session, 'active');
      const { store, sandboxes } = this.#parts;
      const ref = { address: { namespace: NAMESPACE, id: sandboxId }, principal };
      await sandboxes.get(ref);
      const holder = store.holderOf(sandboxId);
      if (holder && holder.id !== id && this.statusOf(holder) !== 'expired') {
        throw new SandboxError('conflict', `Another session holds this sandbox: ${holder.id}. Unbind it there first.`);
      }
      const before = session.sandboxId === sandboxId ? null : refOf(principal, session);
      await this.endAt(ref, { when: 'at', atMs: session.expiresAtMs, by: 'purge' });
      if (before) await orMissing(() => this.endAt(before, UNBOUND_END));
      await this.#write({ ...session, sandboxId, resumed: null, ...this.#used() });
    };
    await this.change(principal, id, (session) => this.#binding.run(sandboxId, () => work(session)));
  }

  /** Takes its sandbox from it, which stays acquired. */
  async unbind(principal: Principal, id: string): Promise<void> {
    await this.change(principal, id, async (session) => {
      this.#require(session, 'active');
      const ref = refOf(principal, session);
      if (ref) await orMissing(() => this.endAt(ref, UNBOUND_END));
      await this.#write({ ...session, sandboxId: null, resumed: null, ...this.#used() });
    });
  }

  /** Works on a session as it is when all before it is done. */
  async change<T>(principal: Principal, id: string, work: (session: Session) => Promise<T>): Promise<T> {
    this.get(principal, id);
    return await this.#mutex.run(id, () => work(this.get(principal, id)));
  }

  /** Settles how a sandbox ends. */
  async endAt(ref: SandboxRef, end: LifePolicy['end']): Promise<void> {
    await this.#parts.settings.update(ref, { settings: { end }, spec: {}, mayRestart: false });
  }

  #require(session: Session, wanted: SessionStatus): void {
    const status = this.statusOf(session);
    if (status !== wanted) throw outOfOrder(status);
  }

  /** Forgets what has expired of one whose sessions are as many as may be. */
  async #makeRoom({ name }: Principal): Promise<void> {
    if (this.#hasRoom(name)) return;
    const { store } = this.#parts;
    const expired = [...store.all()].filter((each) => each.owner === name && this.statusOf(each) === 'expired');
    for (const { id } of expired) await store.remove(id);
  }

  #requireRoom({ name }: Principal): void {
    if (this.#hasRoom(name)) return;
    const sentence = `There are as many sessions as may be (${MOST.each} of one user); delete some first.`;
    throw new SandboxError('too_many', sentence);
  }

  #hasRoom(name: string): boolean {
    const { store } = this.#parts;
    const own = [...store.all()].filter(({ owner }) => owner === name);
    return own.length < MOST.each && store.size < MOST.all;
  }

  async #write(session: Session): Promise<Session> {
    await this.#parts.store.write(session);
    return session;
  }

  #used(): Pick<Session, 'updatedAtMs' | 'lastActiveAtMs'> {
    const nowMs = this.#parts.clock.wallMs();
    return { updatedAtMs: nowMs, lastActiveAtMs: nowMs };
  }

  /** The time, never the same twice, so that there is an order. */
  #stamp(): number {
    this.#lastStampMs = Math.max(this.#parts.clock.wallMs(), this.#lastStampMs + 1);
    return this.#lastStampMs;
  }
}

/** The sandbox of a session; null where it has none. */
export function refOf(principal: Principal, { sandboxId }: Session): SandboxRef | null {
  return sandboxId === null ? null : { address: { namespace: NAMESPACE, id: sandboxId }, principal };
}

/** False where the sandbox is gone that the work is about. */
async function orMissing(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (!isSandboxError(error, 'not_found')) throw error;
    return false;
  }
}

function outOfOrder(status: SessionStatus): SandboxError {
  return new SandboxError('invalid', `The session is ${status}.`);
}
