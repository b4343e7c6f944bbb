import { Refusal, type Reply, type Request } from '../incus-machines/answers.ts';

/** An instance as the cluster's database has it. */
export interface FakeInstance {
  readonly name: string;
  readonly location: string;
  readonly config: Record<string, string>;
  readonly volumes: readonly string[];
  status: 'Stopped' | 'Running' | 'Frozen';
}

/** A custom volume of one member. */
interface FakeVolume {
  readonly name: string;
  location: string;
  readonly config: Record<string, string>;
}

type AtMember = Request & { readonly target: string };

/** What all members of a cluster know: instances, volumes, and who is to be empty. */
export class FakeDatabase {
  readonly evacuated = new Set<string>();
  readonly instances = new Map<string, FakeInstance>();
  readonly volumes: FakeVolume[] = [];
  /** What instances have: that of their image, and what was made in any of them. */
  readonly folders = new Set(['/', '/mnt']);
  /** Members that have no room for another instance. */
  readonly full = new Set<string>();
  /** What is refused of instances, as method and part of them: `POST files`, `DELETE`. */
  readonly refused = new Map<string, Refusal>();

  /** The members of all instances, in the order in which they were made. */
  get places(): readonly string[] {
    return [...this.instances.values()].map(({ location }) => location);
  }

  list(): Reply {
    return [...this.instances.values()];
  }

  find(name: string): FakeInstance {
    const found = this.instances.get(name);
    if (!found) throw new Refusal(404, 'Instance not found');
    return found;
  }

  make(
    location: string,
    body: {
      readonly name: string;
      readonly config: Record<string, string>;
      readonly devices: Record<string, { readonly source?: string }>;
    },
  ): Reply {
    if (this.full.has(location)) throw new Refusal(500, 'Failed creating instance: no space left on device');
    const { name, config } = body;
    const volumes = Object.values(body.devices).flatMap(({ source }) => source ?? []);
    this.#requireVolumes(volumes, location);
    this.instances.set(name, { name, location, config: { ...config }, volumes, status: 'Stopped' });
    return {};
  }

  answerInstance(instance: FakeInstance, { method, query, body }: Request, rest: string | undefined): Reply {
    const refusal = this.refused.get(rest === undefined ? method : `${method} ${rest}`);
    if (refusal) throw refusal;
    if (rest === 'state' && method === 'PUT') {
      if (body.action === 'start') this.#requireVolumes(instance.volumes, instance.location);
      instance.status = body.action === 'stop' ? 'Stopped' : body.action === 'freeze' ? 'Frozen' : 'Running';
      instance.config['volatile.last_state.power'] = 'RUNNING';
      return {};
    }
    if (rest === 'state') return { status: instance.status, processes: 2, memory: { usage: 1 }, cpu: { usage: 1 } };
    if (rest === 'files') return this.#file(method, query.get('path') ?? '');
    if (method === 'PATCH') Object.assign(instance.config, body.config);
    if (method === 'DELETE') this.instances.delete(instance.name);
    return instance;
  }

  /** What the API says of custom volumes, or of the one of that name. */
  answerVolumes({ method, query, body, target }: AtMember, name: string | undefined, rest: string | undefined): Reply {
    if (name === undefined && method === 'POST') {
      this.volumes.push({ name: body.name, location: target, config: { ...body.config } });
      return {};
    }
    if (name === undefined) return this.#listed(/^name eq (.+)$/.exec(query.get('filter') ?? '')?.[1]);
    const at = this.volumes.findIndex((one) => one.name === name && one.location === target);
    if (at === -1) throw new Refusal(404, 'Storage volume not found');
    if (rest === 'state') return { usage: { used: 4096 } };
    if (method === 'POST') return { operation: 'sending', control: 'secret' };
    if (this.#usersOf(name).length > 0) throw new Refusal(400, 'The storage volume is still in use');
    this.volumes.splice(at, 1);
    return {};
  }

  /** A member has no volume of another. */
  #requireVolumes(volumes: readonly string[], location: string): void {
    for (const volume of volumes) {
      const isThere = this.volumes.some((one) => one.name === volume && one.location === location);
      if (!isThere) throw new Refusal(404, 'Storage volume not found');
    }
  }

  #file(method: string, path: string): Reply {
    if (method === 'POST') this.folders.add(path);
    if (this.folders.has(path)) return {};
    throw new Refusal(404, 'file does not exist');
  }

  #listed(wanted: string | undefined): Reply {
    const found = this.volumes.filter(({ name }) => wanted === undefined || name === wanted);
    return found.map((volume) => ({ ...volume, used_by: this.#usersOf(volume.name) }));
  }

  #usersOf(volume: string): string[] {
    const users = [...this.instances.values()].filter(({ volumes }) => volumes.includes(volume));
    return users.map(({ name }) => `/1.0/instances/${name}?project=clara-sandbox`);
  }
}
