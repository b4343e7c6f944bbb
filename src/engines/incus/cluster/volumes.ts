import type { Readable, Writable } from 'node:stream';
import { z } from 'zod';
import { SandboxError } from '../../../base/errors.ts';
import type { EngineId } from '../../engine.ts';
import type { EngineVolumes, VolumeUsage, WantedVolume } from '../../engine-volumes.ts';
import { meaningOf } from '../errors.ts';
import { location } from '../instances.ts';
import type { Member } from './member.ts';
import type { Members } from './members.ts';
import { Spares } from './spares.ts';
import { archiveVolume } from './volume-archive.ts';
import { bytesOf, movedConfig, ownConfig, serialOf, toSize } from './volume-config.ts';
import { copyVolume } from './volume-move.ts';

/** How a volume names an instance of ours that has it. */
const INSTANCE_PATH = /^\/1\.0\/instances\/(clara-[0-9a-f]{24})(?:\?|$)/;

const volumeSchema = z.object({
  name: z.string(),
  location,
  config: z.record(z.string(), z.string()).default({}),
  used_by: z.array(z.string()).nullish(),
});

const stateSchema = z.object({ usage: z.object({ used: z.number() }).nullish() });

/** A volume as the cluster's database has it. */
type Volume = z.infer<typeof volumeSchema>;

interface VolumesParts {
  readonly members: Members;
  readonly pool: string;
  /** The member that has most room for a sandbox; for one that waits, that where the fewest do. */
  choose(isSpare: boolean): Promise<Member>;
  /** Which of these that wait a user gets first. */
  pick<Id extends string>(waiting: readonly Id[]): Id | undefined;
  /** True where users of sandboxes are others on the members. */
  readonly mapsUsers: boolean;
}

/** Custom volumes of a cluster: each is on one member, which alone can run what has it. */
export class ClusterVolumes implements EngineVolumes {
  /** Those that wait for an owner. */
  readonly spares = new Spares();
  readonly #parts: VolumesParts;
  /** By name, the members of volumes that were looked up. */
  readonly #places = new Map<string, string>();
  /** By name, the members of those that no sandbox has yet. */
  readonly #fresh = new Map<string, string>();

  constructor(parts: VolumesParts) {
    this.#parts = parts;
  }

  async create(name: string, { sizeBytes, owner, isSpare = false }: WantedVolume): Promise<void> {
    const { members, choose, mapsUsers } = this.#parts;
    // Each member has names of its own, so that another would make a second one.
    if (await this.has(name)) throw new SandboxError('conflict', `The volume ${name} is there already.`);
    const member = await choose(isSpare);
    this.#fresh.set(name, member.name);
    if (isSpare) this.spares.add(name, member.name);
    const config = {
      ...(sizeBytes > 0 ? { size: toSize(sizeBytes) } : {}),
      ...(mapsUsers ? { 'security.shifted': 'true' } : {}),
      'initial.uid': String(owner.uid),
      'initial.gid': String(owner.gid),
      'initial.mode': '0755',
    };
    const body = { name, type: 'custom', content_type: 'filesystem', config };
    const path = members.pathOn(member, this.#pool);
    await member.calls.change('make the volume of the sandbox', 'POST', path, body).catch((error: unknown) => {
      this.#fresh.delete(name);
      this.spares.dropVolume(name);
      throw error;
    });
    this.#places.set(name, member.name);
  }

  async copy(from: string, to: string, deadlineMs: number): Promise<void> {
    const { location, config } = await this.#require(from);
    const member = await this.#parts.members.of(location);
    const source = { type: 'copy', name: from, pool: this.#parts.pool, volume_only: true };
    const body = { name: to, type: 'custom', content_type: 'filesystem', config: ownConfig(config), source };
    const path = this.#parts.members.pathOn(member, this.#pool);
    await member.calls.change('copy the volume of the sandbox', 'POST', path, body, deadlineMs);
    this.#places.set(to, location);
  }

  async archive(name: string, to: Writable, deadlineMs: number): Promise<void> {
    const { calls, pathOf } = await this.#reach(name);
    await archiveVolume(calls, pathOf, to, deadlineMs);
  }

  async bringBack(name: string, from: Readable, deadlineMs: number): Promise<void> {
    if (await this.has(name)) throw new SandboxError('conflict', `The volume ${name} is there already.`);
    const member = await this.#parts.choose(false);
    const path = this.#parts.members.pathOn(member, this.#pool);
    await member.calls.change('bring back the volume', 'POST', path, from, deadlineMs, { 'x-incus-name': name });
    this.#places.set(name, member.name);
  }

  async has(name: string): Promise<boolean> {
    return (await this.#find(name)) !== null;
  }

  /** What an operator has written in other units stays. */
  async grow(name: string, sizeBytes: number): Promise<boolean> {
    const found = await this.#find(name);
    if (!found) return false;
    const limitBytes = bytesOf(found.config.size);
    if (limitBytes === 0 || limitBytes >= sizeBytes) return true;
    const member = await this.#parts.members.of(found.location);
    const body = { config: { size: toSize(sizeBytes) } };
    await member.calls.change('give the sandbox more room', 'PATCH', this.#pathOf(name, member), body);
    return true;
  }

  async remove(name: string): Promise<void> {
    const { members } = this.#parts;
    const found = await this.#find(name);
    if (found) {
      const member = await members.of(found.location);
      await member.calls
        .change('remove the volume of the sandbox', 'DELETE', this.#pathOf(name, member))
        .catch(unlessAbsent);
    }
    this.#places.delete(name);
    this.#fresh.delete(name);
    this.spares.dropVolume(name);
  }

  pick<Id extends string>(waiting: readonly Id[]): Id | undefined {
    return this.#parts.pick(waiting);
  }

  async usage(name: string): Promise<VolumeUsage> {
    const { calls, pathOf, config } = await this.#reach(name);
    const { usage } = stateSchema.parse(await calls.get('measure the volume of the sandbox', pathOf('/state')));
    return { usedBytes: usage?.used ?? 0, limitBytes: bytesOf(config.size) };
  }

  /** How many were made on a member for sandboxes that are not there yet. */
  countFresh(place: string): number {
    return [...this.#fresh.values()].filter((one) => one === place).length;
  }

  /** The instances that have volumes, and their members: the database's own knowledge, for which no member is asked. */
  async users(): Promise<ReadonlyMap<EngineId, string>> {
    const answer = await this.#parts.members.ask((calls) =>
      calls.get('look for the volumes of sandboxes', `${this.#pool}?recursion=1`),
    );
    const found = new Map<EngineId, string>();
    for (const { location, used_by: users } of z.array(volumeSchema).parse(answer)) {
      for (const path of users ?? []) {
        const [, id] = INSTANCE_PATH.exec(path) ?? [];
        if (id) found.set(id as EngineId, location);
      }
    }
    return found;
  }

  /** Says that this sandbox has it now. */
  noteUsed(name: string, id: EngineId): void {
    this.#fresh.delete(name);
    this.spares.noteUsed(name, id);
  }

  /** The member that has it and can run what is to have it; throws `unavailable` where that is away, or a container has it already. */
  async memberOf(name: string): Promise<Member> {
    const { location, used_by: users } = await this.#require(name);
    const member = await this.#parts.members.of(location);
    if (!users?.length) return member;
    const sentence = `The machine ${location} has just come back, and its sandboxes are not all known yet; try again in a moment.`;
    throw new SandboxError('unavailable', sentence, { retryAfterSeconds: 2 });
  }

  /** Brings one that no sandbox has to another member, whole or not at all. */
  async move(name: string, to: Member): Promise<void> {
    const { members, pool } = this.#parts;
    if (this.#places.get(name) === to.name) return;
    const [whole, ...others] = await this.#all(name);
    if (!whole) throw lost(name);
    const { location, config } = whole;
    if (location === to.name) return;
    const from = await members.of(location);
    const path = members.pathOn(to, this.#pool);
    // What a move has left that was broken off is no copy of it.
    if (others.some((one) => one.location === to.name)) {
      await to.calls.change('clear the way', 'DELETE', this.#pathOf(name, to)).catch(unlessAbsent);
    }
    const { serverCertificate } = await members.trust();
    await copyVolume({
      ...{ from: from.calls, fromUrl: from.url, to: to.calls, path, pool, name, serverCertificate },
      config: movedConfig(config),
    });
    this.#places.set(name, to.name);
    await from.calls.change('remove the volume of before', 'DELETE', this.#pathOf(name, from)).catch(unlessAbsent);
  }

  /** One that is there, by way of its member. */
  async #reach(name: string) {
    const { location, config } = await this.#require(name);
    const member = await this.#parts.members.of(location);
    return { calls: member.calls, pathOf: (rest: string) => this.#pathOf(name, member, rest), config };
  }

  async #require(name: string): Promise<Volume> {
    const found = await this.#find(name);
    if (found) return found;
    throw lost(name);
  }

  async #find(name: string): Promise<Volume | null> {
    const [whole] = await this.#all(name);
    if (whole) this.#places.set(name, whole.location);
    return whole ?? null;
  }

  /** Those of that name, the whole one first. Asks the database and no member's disk: one that is away holds nobody up. */
  async #all(name: string): Promise<readonly Volume[]> {
    const filter = encodeURIComponent(`name eq ${name}`);
    const answer = await this.#parts.members.ask((calls) =>
      calls.get('look for the volume of the sandbox', `${this.#pool}?recursion=1&filter=${filter}`),
    );
    return z
      .array(volumeSchema)
      .parse(answer)
      .filter((volume) => volume.name === name)
      .sort((one, other) => serialOf(other.config) - serialOf(one.config));
  }

  get #pool(): string {
    return `/1.0/storage-pools/${encodeURIComponent(this.#parts.pool)}/volumes/custom`;
  }

  #pathOf(name: string, member: Member, rest = ''): string {
    return this.#parts.members.pathOn(member, `${this.#pool}/${name}${rest}`);
  }
}

function unlessAbsent(error: unknown): void {
  if (meaningOf(error) !== 'not-found') throw error;
}

function lost(name: string): SandboxError {
  return new SandboxError(
    'unavailable',
    `The volume ${name} of the sandbox is gone from Incus, and its files with it.`,
  );
}
