import { Semaphore } from '../../../async/semaphore.ts';
import { SandboxError } from '../../../base/errors.ts';
import type { EngineId } from '../../engine.ts';
import { type Instance, readInstance, readInstances } from '../instances.ts';
import { KEY } from '../keys.ts';
import type { Members } from './members.ts';

/** What Incus says of instances whose member it cannot ask; nothing but their names is known then. */
const UNKNOWN = 'Error';

/** How long a member may take to ask the others, in milliseconds: Incus waits half a minute for one that hangs. */
const LIST_MS = 3_000;

/** Instances that are asked for at the same time. */
const AT_A_TIME = 16;

/** Which sandboxes there are, by name, and on which members: to find one nobody is asked who may not answer. */
export class Roster {
  readonly #members: Members;
  readonly #users: () => Promise<ReadonlyMap<EngineId, string>>;
  readonly #ids = new Map<string, EngineId>();
  readonly #places = new Map<EngineId, string>();
  /** True once all names are known; only this server gives any. */
  #isComplete = false;

  /** `users` are the instances that have volumes, and their members. */
  constructor(members: Members, users: () => Promise<ReadonlyMap<EngineId, string>>) {
    this.#members = members;
    this.#users = users;
  }

  /** All instances whose member answers. */
  async list(): Promise<readonly Instance[]> {
    const found = (await this.#listAtOnce()) ?? (await this.#listEach());
    for (const { name, location, status, config } of found) {
      this.#places.set(name as EngineId, location);
      if (status !== UNKNOWN) this.#ids.set(config[KEY.name] ?? name, name as EngineId);
    }
    await this.#dropLost();
    const named = new Set(this.#ids.values());
    this.#isComplete = found.every(({ name }) => named.has(name as EngineId));
    return found.filter(({ status }) => status !== UNKNOWN);
  }

  /** As one of them tells it, who asks the others for that; null where it waits for one that does not answer. */
  async #listAtOnce(): Promise<readonly Instance[] | null> {
    return await this.#members.ask(async (calls) => {
      try {
        return readInstances(await calls.get('list sandboxes', '/1.0/instances?recursion=1', LIST_MS));
      } catch (error) {
        if (await this.#members.isAnyAway()) return null;
        throw error;
      }
    });
  }

  /** One by one, each asked of its member; those whose member does not answer are there and nothing more is known. */
  async #listEach(): Promise<readonly Instance[]> {
    const places = new Semaphore(AT_A_TIME);
    const users = [...(await this.#users())];
    return await Promise.all(users.map(([id, location]) => places.run(() => this.#readAt(id, location))));
  }

  async #readAt(id: EngineId, location: string): Promise<Instance> {
    const unknown = { name: id, status: UNKNOWN, config: {}, location };
    try {
      const { calls } = await this.#members.of(location);
      return (await readInstance(calls, id)) ?? unknown;
    } catch {
      return unknown;
    }
  }

  /** The sandbox of that name; null where there is none that anybody knows of who answers: its volume then says that there is one. */
  async find(name: string): Promise<EngineId | null> {
    const mayFind = !this.#isComplete && (this.#ids.size === 0 || !(await this.#members.isAnyAway()));
    if (!this.#ids.has(name) && mayFind) await this.list();
    return this.#ids.get(name) ?? null;
  }

  /** The name of the member that has it; throws `not_found` where none does, as where that one has left the cluster for good. */
  async placeOf(id: EngineId): Promise<string> {
    const known = this.#places.get(id);
    if (known === undefined || !(await this.#members.has(known))) await this.list();
    const place = this.#places.get(id);
    if (place !== undefined) return place;
    throw new SandboxError('not_found', 'There is no sandbox of that name.');
  }

  /** Forgets those of members that have left the cluster; one that nobody here has heard of may have just come. */
  async #dropLost(): Promise<void> {
    const lost = async () => {
      const names = new Set((await this.#members.all()).map(({ name }) => name));
      return [...this.#places].flatMap(([id, place]) => (names.has(place) ? [] : [id]));
    };
    if ((await lost()).length === 0) return;
    await this.#members.refresh();
    for (const id of await lost()) this.drop(id);
  }

  /** The same where it is known without a question. */
  knownPlaceOf(id: EngineId): string | undefined {
    return this.#places.get(id);
  }

  /** How many are on that member. */
  countOn(place: string): number {
    return [...this.#places.values()].filter((one) => one === place).length;
  }

  /** Says that there is one on that member now. */
  add(id: EngineId, name: string, place: string): void {
    this.#ids.set(name, id);
    this.#places.set(id, place);
  }

  /** Says that it has another name now. */
  rename(id: EngineId, name: string): void {
    this.#dropName(id);
    this.#ids.set(name, id);
  }

  /** Says that it is gone. */
  drop(id: EngineId): void {
    this.#dropName(id);
    this.#places.delete(id);
  }

  #dropName(id: EngineId): void {
    for (const [name, one] of this.#ids) if (one === id) this.#ids.delete(name);
  }
}
