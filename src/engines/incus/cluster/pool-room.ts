import { z } from 'zod';
import type { Member } from './member.ts';
import type { Members } from './members.ts';

/** A pool with less room than this takes no new sandbox, in bytes: those that it has need it. */
const LEAST_BYTES = 512 * 2 ** 20;

/** How old an answer may be, and how long a member may take to answer, in milliseconds. */
const FRESH_MS = 5_000;
const ASK_MS = 3_000;

const resourcesSchema = z.object({ space: z.object({ used: z.number(), total: z.number() }) });

/** How much room the members' pools have. */
export class PoolRoom {
  readonly #members: Members;
  readonly #pool: string;
  readonly #known = new WeakMap<Member, { readonly hasRoom: Promise<boolean>; readonly atMs: number }>();

  constructor(members: Members, pool: string) {
    this.#members = members;
    this.#pool = pool;
  }

  /** Those of them that have room for another sandbox; one that does not say so is none of the full ones. */
  async among(members: readonly Member[]): Promise<readonly Member[]> {
    const haveRoom = await Promise.all(members.map((member) => this.#hasRoom(member)));
    return members.filter((_member, at) => haveRoom[at]);
  }

  async #hasRoom(member: Member): Promise<boolean> {
    const known = this.#known.get(member);
    if (known && performance.now() - known.atMs < FRESH_MS) return await known.hasRoom;
    const hasRoom = member.whilePrompt(this.#ask(member)).catch(() => true);
    this.#known.set(member, { hasRoom, atMs: performance.now() });
    return await hasRoom;
  }

  async #ask(member: Member): Promise<boolean> {
    const path = this.#members.pathOn(member, `/1.0/storage-pools/${encodeURIComponent(this.#pool)}/resources`);
    const answer = await member.calls.get('say how full its pool is', path, ASK_MS);
    const { used, total } = resourcesSchema.parse(answer).space;
    return total - used >= LEAST_BYTES;
  }
}
