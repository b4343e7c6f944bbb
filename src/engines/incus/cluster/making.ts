import type { EngineId, EngineInfo, EngineSpec } from '../../engine.ts';
import { meaningOf } from '../errors.ts';
import type { ImageGround } from '../image-grounds.ts';
import { noSuchImage } from '../images.ts';
import type { IncusCalls } from '../incus-calls.ts';
import type { Preparations } from '../preparations.ts';
import type { Member } from './member.ts';
import type { Members } from './members.ts';
import type { InstanceShape } from './shape.ts';
import { copiedFiles, volumeMounts } from './start-script.ts';
import type { ClusterVolumes } from './volumes.ts';

/** A member that has never had an image fetches and unpacks it first, in milliseconds. */
const CREATE_MS = 180_000;

interface MakingParts {
  readonly shape: InstanceShape;
  readonly members: Members;
  readonly volumes: ClusterVolumes;
  readonly pool: string;
  /** The member that has most room. */
  choose(): Promise<Member>;
  info(): Promise<EngineInfo>;
  readonly preparations: Preparations;
}

/** Makes sandboxes on members: where their volumes are, else where there is most room. */
export class Making {
  readonly #parts: MakingParts;
  readonly #grounds = new WeakMap<IncusCalls, ReturnType<InstanceShape['grounds']>>();
  #cpus: number | undefined;

  constructor(parts: MakingParts) {
    this.#parts = parts;
  }

  /** Makes one of that instance name and resolves with its member. */
  async make(id: EngineId, spec: EngineSpec): Promise<Member> {
    const { members, shape, volumes, pool } = this.#parts;
    const mounted = volumeMounts(spec);
    const member = await this.#memberFor([...mounted.keys()]);
    const { ground, forget } = await this.#groundOf(spec);
    const made = { pool, cpus: await this.#cpusOf(), ...ground, volumes: mounted, files: await copiedFiles(spec) };
    const body = shape.bodyOf(id, spec, made);
    const path = members.pathOn(member, '/1.0/instances');
    await member.calls.change('make the sandbox', 'POST', path, body, CREATE_MS).catch((error: unknown) => {
      if (meaningOf(error) !== 'no-image') throw error;
      forget();
      throw noSuchImage(spec.image, error);
    });
    const places = [...mounted.values()].flat().map(({ target }) => target);
    await shape.makePlaces(member.calls, id, places);
    for (const name of mounted.keys()) volumes.noteUsed(name, id);
    return member;
  }

  /** The member of the volumes; where its operator empties that one they go to another first. */
  async #memberFor([first, ...others]: readonly string[]): Promise<Member> {
    const { volumes, choose } = this.#parts;
    if (first === undefined) return await choose();
    const place = await volumes.memberOf(first);
    const member = place.isEvacuated ? await choose() : place;
    for (const name of [first, ...others]) await volumes.move(name, member);
    return member;
  }

  async #cpusOf(): Promise<number> {
    this.#cpus ??= (await this.#parts.info()).cpus;
    return this.#cpus;
  }

  async #groundOf(spec: EngineSpec): Promise<{ readonly ground: ImageGround; forget(): void }> {
    const { members, shape, pool, preparations } = this.#parts;
    return await members.ask(async (calls) => {
      const grounds = this.#grounds.get(calls) ?? shape.grounds({ calls, pool, preparations });
      this.#grounds.set(calls, grounds);
      const ground = await grounds.of(spec);
      return { ground, forget: () => grounds.forget?.(ground) };
    });
  }
}
