import { z } from 'zod';
import { SandboxError } from '../../../base/errors.ts';
import type { EngineMachine } from '../../engine.ts';
import { IncusCalls } from '../incus-calls.ts';
import { ALONE } from '../instances.ts';
import type { IncusPlace, IncusTrust } from '../place.ts';
import { askAny } from './ask-any.ts';
import { firstAnswer } from './first-answer.ts';
import { Member, memberAway } from './member.ts';
import { openTrust, type Trusted, type TrustParts } from './trust.ts';

/** Between two looks at which members there are, in milliseconds. */
const LOOK_MS = 5_000;

const serverSchema = z.object({ environment: z.object({ server_clustered: z.boolean().default(false) }) });

const membersSchema = z.array(z.object({ server_name: z.string(), url: z.string(), status: z.string() }));

/** How machines are reached: this one by Incus' socket, others by the addresses of some of them. */
export type Reach = TrustParts | Trusted | { readonly project: string; readonly socketPath: string };

/** The machines of a cluster, or the only one there is: known from the first call on. */
export class Members {
  readonly #parts: Reach & { readonly timeoutMs: number };
  readonly #members = new Map<string, Member>();
  #trust: Promise<IncusTrust> | undefined;
  #learning: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(parts: Reach & { readonly timeoutMs: number }) {
    this.#parts = parts;
  }

  /** All of them, by name; asks the cluster the first time. Throws `unavailable` where nobody answers. */
  async all(): Promise<readonly Member[]> {
    if (this.#members.size === 0) await this.#learn();
    return [...this.#members.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** The member of that name; throws `unavailable` where it is away or none of them. */
  async of(name: string): Promise<Member> {
    await this.all();
    const found = this.#members.get(name);
    if (!found || found.isAway) throw memberAway(name);
    return found;
  }

  /** True for one of them, whether it answers or not. */
  async has(name: string): Promise<boolean> {
    await this.all();
    return this.#members.has(name);
  }

  /** True while one of them does not answer. */
  async isAnyAway(): Promise<boolean> {
    return (await this.all()).some(({ isAway }) => isAway);
  }

  /** Whether each of a cluster's answers, once that is known; none where there is only one machine. */
  async states(): Promise<readonly EngineMachine[]> {
    const cluster = (await this.all()).filter(({ name }) => name !== ALONE);
    return await Promise.all(cluster.map(async (member) => ({ name: member.name, answers: await member.answers() })));
  }

  /** Asks the cluster anew which there are, and which of them are to be empty; one that has left it is forgotten. */
  async refresh(): Promise<void> {
    const [url = ''] = this.#urls;
    this.#take(await this.ask((calls) => this.#membersAt(calls, url)), await this.#placing());
  }

  /** A path that says on which member; as it is where there is only one machine. */
  pathOn({ name }: Member, path: string): string {
    return name === ALONE ? path : `${path}?target=${encodeURIComponent(name)}`;
  }

  /** What the first of them says that answers; what only reads is asked again while the cluster has no leader. */
  async ask<T>(read: (calls: IncusCalls) => Promise<T>): Promise<T> {
    return await askAny({ members: () => this.all(), isClosed: () => this.#isClosed }, read);
  }

  /** What opens members of other machines, and by what they are known. */
  async trust(): Promise<IncusTrust> {
    if ('socketPath' in this.#parts) throw new Error('An Incus of this machine is opened by its socket.');
    this.#trust ??= openTrust(this.#parts);
    try {
      return await this.#trust;
    } catch (error) {
      this.#trust = undefined;
      throw error;
    }
  }

  /** Gives up sockets and timers. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#learning?.catch(() => undefined);
    await Promise.all([...this.#members.values()].map((member) => member.close()));
  }

  async #learn(): Promise<void> {
    this.#learning ??= this.#look().finally(() => {
      this.#learning = undefined;
    });
    await this.#learning;
  }

  /** Asks the first that answers which members there are, and goes on looking. */
  async #look(): Promise<void> {
    const placeOf = await this.#placing();
    const found = await firstAnswer(this.#urls, async (url) => {
      const calls = new IncusCalls(placeOf(url), LOOK_MS);
      try {
        return await this.#membersAt(calls, url);
      } finally {
        await calls.close();
      }
    });
    this.#take(found, placeOf);
    if (this.#isClosed) return;
    this.#timer ??= setInterval(() => void this.refresh().catch(() => undefined), LOOK_MS).unref();
  }

  get #urls(): readonly string[] {
    return 'socketPath' in this.#parts ? [this.#parts.socketPath] : this.#parts.urls;
  }

  async #placing(): Promise<(url: string) => IncusPlace> {
    const parts = this.#parts;
    const { project } = parts;
    if ('socketPath' in parts) return () => ({ project, socketPath: parts.socketPath });
    const trust = await this.trust();
    return (url) => ({ project, url, trust });
  }

  async #membersAt(calls: IncusCalls, url: string): Promise<z.infer<typeof membersSchema>> {
    const { environment } = serverSchema.parse(await calls.get('describe itself', '/1.0'));
    if (!environment.server_clustered) return [{ server_name: ALONE, url, status: 'Online' }];
    if ('socketPath' in this.#parts) {
      const sentence =
        'The Incus of this machine is one of a cluster: name its machines by their https URLs in INCUS_REMOTE.';
      throw new SandboxError('invalid', sentence);
    }
    return membersSchema.parse(await calls.get('tell its members', '/1.0/cluster/members?recursion=1'));
  }

  #take(found: z.infer<typeof membersSchema>, placeOf: (url: string) => IncusPlace): void {
    if (this.#isClosed) return;
    const { timeoutMs } = this.#parts;
    for (const { server_name: name, url, status } of found) {
      const known = this.#members.get(name);
      const isSame = known?.url === url;
      if (known && !isSame) void known.close();
      const member = known && isSame ? known : new Member({ name, url, place: placeOf(url) }, timeoutMs);
      member.isEvacuated = status === 'Evacuated';
      this.#members.set(name, member);
    }
    for (const member of this.#members.values()) {
      if (found.some(({ server_name: name }) => name === member.name)) continue;
      this.#members.delete(member.name);
      void member.close();
    }
  }
}
