import { randomBytes } from 'node:crypto';
import { freemem } from 'node:os';
import type { AgentSource } from '../../agent/link/source.ts';
import type { SharedFrameBudget } from '../../agent/wire/frame-budget.ts';
import type { Clock } from '../../async/clock.ts';
import type { Semaphore } from '../../async/semaphore.ts';
import { isSandboxError, messageOf } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import type { Disks } from '../../disks/disks.ts';
import type { Egress } from '../../egress/connections/egress.ts';
import type { Engine, EngineId } from '../../engines/engine.ts';
import { toEngineSpec } from '../spec/engine-spec.ts';
import type { ImagePrograms } from '../spec/image-programs.ts';
import { resolveSpec } from '../spec/sandbox-spec.ts';
import { newSecret } from '../storage/record.ts';
import type { SandboxStore } from '../storage/store.ts';
import type { SandboxUsers } from '../users/sandbox-users.ts';
import type { Capacity, SlotHolder } from './capacity.ts';
import { ImageWatch } from './image-watch.ts';
import { type Links, makeLink } from './make-link.ts';
import { PoolSize } from './pool-size.ts';
import { takeNext } from './take-next.ts';

/** Between the wish to fill the pool and the next sandbox for it, in milliseconds: requests come first. */
const PAUSE_MS = 50;

/** Between two looks whether another number is wanted, in milliseconds. */
const LOOK_MS = 30_000;

/** The same as the first after a failure. */
const PAUSE_AFTER_FAILURE_MS = 5_000;

/** A started sandbox that no address has claimed; its agent and its Python are warm. */
export interface PooledSandbox extends SlotHolder, Links {
  readonly engineId: EngineId;
  /** What its image was; null where the engine did not say. */
  readonly imageId: string | null;
  /** The name of its folder. */
  readonly folder: string;
  /** Its user's. */
  readonly uid: number;
  readonly secret: string;
}

interface PoolParts {
  readonly engine: Engine;
  readonly store: SandboxStore;
  readonly users: SandboxUsers;
  readonly disks: Disks;
  readonly agentSource: AgentSource;
  readonly frames: SharedFrameBudget;
  readonly config: Config;
  readonly egress: Egress;
  readonly imagePrograms: ImagePrograms;
  readonly instance: string;
  readonly capacity: Capacity;
  readonly clock: Clock;
  /** The starts that somebody waits for, which go first. */
  readonly starts: Semaphore;
  readonly onError: (error: unknown) => void;
}

/** Sandboxes started ahead of their users. Each is taken once; what was taken never comes back. */
export class Pool {
  readonly #parts: PoolParts;
  readonly #ready: PooledSandbox[] = [];
  /** The folders of all that is being made, waits or was taken and is in nobody's hands yet. */
  readonly #folders = new Set<string>();
  readonly #images: ImageWatch;
  readonly #wanted: PoolSize;
  #timer: NodeJS.Timeout | undefined;
  #filling: Promise<void> = Promise.resolve();
  #isClosed = true;
  #hasFailed = false;
  #problem: string | null = null;

  constructor(parts: PoolParts) {
    this.#parts = parts;
    const { engine, config, clock, onError } = parts;
    this.#wanted = new PoolSize({ wanted: config.poolSize, clock, availableBytes: freemem });
    const onSeen = (imageId: string) => this.#replaceOthers(imageId);
    this.#images = new ImageWatch({ engine, image: config.image, onSeen, onError });
  }

  /** How many sandboxes wait for a claim. */
  get size(): number {
    return this.#ready.length;
  }

  /** True once a sandbox could not be made or removed, so that something of it may still be there. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** Why the last sandbox could not be made; null where it could. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Begins to fill the pool in the background. */
  open(): void {
    this.#isClosed = false;
    if (this.#wanted.isPooling) this.#images.start();
    this.#schedule(0);
  }

  /** True for the folder of a sandbox that the pool answers for. */
  owns(folder: string): boolean {
    return this.#folders.has(folder);
  }

  /** No longer answers for a sandbox that an address has claimed. */
  disown(pooled: PooledSandbox): void {
    this.#folders.delete(pooled.folder);
  }

  /** A warm sandbox that now belongs to the caller, its slot included; undefined where none is ready. */
  take(): PooledSandbox | undefined {
    this.#wanted.note();
    this.#schedule(PAUSE_MS);
    for (;;) {
      const pooled = takeNext(this.#ready, this.#parts.engine);
      if (!pooled || pooled.link.current) return pooled;
      void this.discard(pooled).catch(this.#parts.onError);
    }
  }

  /** Gives up one waiting sandbox, so that its slot is free; false where none waits. */
  async evictOne(): Promise<boolean> {
    const pooled = this.#ready.shift();
    if (!pooled) return false;
    // Who makes room does not take it back before the one who needs it has it.
    this.#schedule(PAUSE_AFTER_FAILURE_MS);
    await this.discard(pooled);
    return true;
  }

  /** Removes a sandbox that was taken but not claimed, folder and all. */
  async discard(pooled: PooledSandbox): Promise<void> {
    const { engine, store, capacity } = this.#parts;
    pooled.link.close(new Error('The sandbox leaves the pool.'));
    capacity.release(pooled);
    try {
      await engine.remove(pooled.engineId);
      await store.removeFolder(pooled.folder);
    } catch (error) {
      this.#hasFailed = true;
      throw error;
    } finally {
      this.#folders.delete(pooled.folder);
    }
  }

  /** Stops filling and removes what waits. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#images.close();
    clearTimeout(this.#timer);
    await this.#filling;
    const waiting = this.#ready.splice(0);
    await Promise.all(waiting.map((pooled) => this.discard(pooled).catch(this.#parts.onError)));
  }

  /** Gives up what was made of another image, so that nobody gets it any more, and makes it anew. */
  #replaceOthers(imageId: string): void {
    const outdated = this.#ready.filter((pooled) => pooled.imageId !== imageId);
    if (outdated.length === 0) return;
    this.#ready.splice(0, this.#ready.length, ...this.#ready.filter((pooled) => pooled.imageId === imageId));
    const gone = Promise.all(outdated.map((pooled) => this.discard(pooled).catch(this.#parts.onError)));
    this.#filling = Promise.all([this.#filling, gone]).then(() => undefined);
    this.#schedule(PAUSE_MS);
  }

  async #dropStuck(pooled: PooledSandbox): Promise<void> {
    const index = this.#ready.indexOf(pooled);
    if (index === -1) return;
    this.#ready.splice(index, 1);
    await this.discard(pooled).catch(this.#parts.onError);
  }

  #schedule(pauseMs: number): void {
    if (this.#isClosed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#filling = this.#filling.then(() => this.#fill());
    }, pauseMs);
  }

  /** Adds one sandbox, if there is need and room and nobody waits, or gives one up that is wanted no more, and plans the next. */
  async #fill(): Promise<void> {
    const { starts, onError } = this.#parts;
    if (this.#isClosed) return;
    const excess = this.#ready.length - this.#wanted.target(this.#ready.length);
    if (excess === 0) return this.#wanted.changes ? this.#schedule(LOOK_MS) : undefined;
    try {
      if (excess > 0) await this.#shrink();
      else if (starts.isInUse) this.#schedule(PAUSE_MS);
      else if (await this.#add()) this.#schedule(PAUSE_MS);
      else this.#schedule(PAUSE_AFTER_FAILURE_MS);
    } catch (error) {
      this.#problem = messageOf(error);
      if (!isSandboxError(error, 'unavailable') && !isSandboxError(error, 'no_space')) onError(error);
      this.#schedule(PAUSE_AFTER_FAILURE_MS);
    }
  }

  async #shrink(): Promise<void> {
    const pooled = this.#ready.shift();
    this.#schedule(PAUSE_MS);
    if (pooled) await this.discard(pooled);
  }

  async #add(): Promise<boolean> {
    const { engine, store, users, disks, config, instance, capacity } = this.#parts;
    const slot: SlotHolder = { hasSlot: false };
    if (!capacity.takeIfFree(slot)) return false;
    const folder = `pool-${randomBytes(8).toString('hex')}`;
    this.#folders.add(folder);
    const secret = newSecret();
    let engineId: EngineId | undefined;
    try {
      await disks.reserve.requireForNew();
      const imageId = await engine.imageId(config.image);
      const folders = await store.openFolders(folder, await users.accountsOf(config.image, imageId));
      const spec = resolveSpec(config, {});
      const subject = { instance, id: folder, dataDir: store.path, folders, spec, imageId, isPooled: true };
      engineId = await engine.create(toEngineSpec(config, subject));
      await engine.start(engineId);
      const links = makeLink(this.#parts, engineId, { id: folder, secret, spec });
      await links.link.connect();
      this.#problem = null;
      const { uid } = folders.user;
      const pooled = { hasSlot: slot.hasSlot, engineId, imageId, folder, uid, secret, ...links };
      links.link.onStuck = () => this.#dropStuck(pooled);
      this.#ready.push(pooled);
      return true;
    } catch (error) {
      this.#hasFailed = true;
      capacity.release(slot);
      if (engineId) await engine.remove(engineId).catch(this.#parts.onError);
      await store.removeFolder(folder).catch(this.#parts.onError);
      this.#folders.delete(folder);
      throw error;
    }
  }
}
