import { randomUUID } from 'node:crypto';
import type { FileTree } from '../../../../files/file-tree.ts';
import type { SandboxRef } from '../../../../sandboxes/asked/ref.ts';
import { ConnectError } from '../connect/connect-error.ts';
import type { FilesystemEvent } from './changes.ts';
import { type ToldEvent, type Watching, watchEvents, withEntry } from './watching.ts';

/** What one watcher keeps for its reader; with more of it, it ends. */
const MOST_EVENTS = 16_384;

/** Entries that are looked for at the same time. */
const LOOKS = 16;

interface Watcher extends Omit<Watching, 'signal'> {
  readonly ending: AbortController;
  events: FilesystemEvent[];
}

/** Watchers whose events are kept until somebody asks. Each ends with its removal, its folder, its sandbox or the server. */
export class Watchers {
  readonly #tree: FileTree;
  readonly #closing: AbortSignal;
  readonly #watchers = new Map<string, Watcher>();

  constructor(tree: FileTree, closing: AbortSignal) {
    this.#tree = tree;
    this.#closing = closing;
  }

  /** Begins one; its id, once all is watched. */
  async create(watching: Omit<Watching, 'signal'>): Promise<string> {
    const ending = new AbortController();
    const signal = AbortSignal.any([ending.signal, this.#closing]);
    const events = watchEvents(this.#tree, { ...watching, signal });
    await events.next();
    const id = randomUUID();
    const watcher: Watcher = { ...watching, ending, events: [] };
    this.#watchers.set(id, watcher);
    void this.#follow(id, watcher, events);
    return id;
  }

  /** What has happened since it was last asked, up to now; throws `not_found` where it has ended. */
  async take(ref: SandboxRef, id: string, signal: AbortSignal): Promise<readonly ToldEvent[]> {
    this.#require(ref, id);
    await this.#tree.settleWatches(ref);
    const watcher = this.#require(ref, id);
    const { events } = watcher;
    watcher.events = [];
    if (!watcher.hasEntries) return events;
    const told: ToldEvent[] = [];
    for (let at = 0; at < events.length; at += LOOKS) {
      const some = events.slice(at, at + LOOKS);
      told.push(...(await Promise.all(some.map((event) => withEntry(this.#tree, { ...watcher, signal }, event)))));
    }
    return told;
  }

  /** Ends one. */
  remove(ref: SandboxRef, id: string): void {
    this.#require(ref, id).ending.abort();
    this.#watchers.delete(id);
  }

  /** Keeps what happens until it ends, whyever that is; what has ended is not kept, so that there are never more than the sandbox watches. */
  async #follow(id: string, watcher: Watcher, events: AsyncGenerator<FilesystemEvent | null>): Promise<void> {
    try {
      for await (const event of events) {
        if (event) watcher.events.push(event);
        if (watcher.events.length > MOST_EVENTS) break;
      }
    } catch {
      // Who asks next is told that there is no such watcher any more.
    } finally {
      this.#watchers.delete(id);
    }
  }

  #require({ address }: SandboxRef, id: string): Watcher {
    const watcher = this.#watchers.get(id);
    const of = watcher?.ref.address;
    if (!watcher || of?.namespace !== address.namespace || of.id !== address.id) {
      const why = 'it was removed, its folder is gone, or more happened than was asked for';
      throw new ConnectError('not_found', `watcher with id ${id} not found: ${why}`);
    }
    return watcher;
  }
}
