import type { EngineId, EngineInfo, EngineSpec } from '../../engine.ts';
import { meaningOf } from '../errors.ts';
import { type ImageGround, ImageGrounds } from '../image-grounds.ts';
import { noSuchImage } from '../images.ts';
import type { IncusCalls } from '../incus-calls.ts';
import { toInstanceBody } from '../instance-body.ts';
import type { Preparations } from '../preparations.ts';
import type { Member } from './member.ts';
import type { Members } from './members.ts';
import { copiedFiles, stageOf, startCommand, volumeMounts } from './start-script.ts';
import type { ClusterVolumes } from './volumes.ts';

/** A member that has never had an image fetches and unpacks it first, in milliseconds. */
const CREATE_MS = 180_000;

interface MakingParts {
  readonly members: Members;
  readonly volumes: ClusterVolumes;
  readonly pool: string;
  /** The member that has most room. */
  choose(): Promise<Member>;
  info(): Promise<EngineInfo>;
  readonly preparations: Preparations;
}

/** Makes containers on members: where their volumes are, else where there is most room. */
export class Making {
  readonly #parts: MakingParts;
  readonly #grounds = new WeakMap<IncusCalls, ImageGrounds>();
  #cpus: number | undefined;

  constructor(parts: MakingParts) {
    this.#parts = parts;
  }

  /** Makes one of that instance name and resolves with its member. */
  async make(id: EngineId, spec: EngineSpec): Promise<Member> {
    const { members, volumes, pool } = this.#parts;
    const mounted = volumeMounts(spec);
    const member = await this.#memberFor([...mounted.keys()]);
    const ground = { pool, cpus: await this.#cpusOf(), ...(await this.#groundOf(spec)) };
    const body = toInstanceBody(id, { ...spec, mounts: [] }, ground);
    const command = startCommand(mounted, await copiedFiles(spec), spec.user);
    const devices = Object.fromEntries(
      [...mounted].map(([source, places], at) => [
        `volume${at}`,
        { type: 'disk', pool, source, path: stageOf(places) },
      ]),
    );
    const config = { ...body.config, 'raw.lxc': `${body.config['raw.lxc']}lxc.hook.mount = ${command}\n` };
    const whole = { ...body, config, devices: { ...body.devices, ...devices } };
    const path = members.pathOn(member, '/1.0/instances');
    await member.calls.change('make the sandbox', 'POST', path, whole, CREATE_MS).catch((error: unknown) => {
      throw meaningOf(error) === 'no-image' ? noSuchImage(spec.image, error) : error;
    });
    for (const name of mounted.keys()) volumes.noteUsed(name);
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

  async #groundOf(spec: EngineSpec): Promise<ImageGround> {
    const { members, pool, preparations } = this.#parts;
    return await members.ask(async (calls) => {
      const grounds = this.#grounds.get(calls) ?? new ImageGrounds({ calls, pool, preparations });
      this.#grounds.set(calls, grounds);
      return await grounds.of(spec);
    });
  }
}
