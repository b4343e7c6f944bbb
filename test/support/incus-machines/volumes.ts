import { cp, mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Refusal, type Reply, type Request } from './answers.ts';

interface Volume {
  readonly name: string;
  readonly config: Record<string, string>;
}

interface WantedVolume extends Volume {
  /** Of which it is to be a copy. */
  readonly source?: { readonly name: string };
}

/** Custom volumes of Incus' API, each a folder of this machine. */
export class FakeVolumes {
  readonly #folder: string;
  readonly #usersOf: (volume: string) => readonly string[];
  readonly #all = new Map<string, Volume>();

  /** `usersOf` are the paths of instances that have a volume. */
  constructor(folder: string, usersOf: (volume: string) => readonly string[]) {
    this.#folder = folder;
    this.#usersOf = usersOf;
  }

  has(name: string): boolean {
    return this.#all.has(name);
  }

  folderOf(name: string): string {
    return join(this.#folder, name);
  }

  /** What the API says of all of them, or of the one of that name. */
  async answer({ method, query, body }: Request, name: string | undefined, rest: string | undefined): Promise<Reply> {
    if (name === undefined) return method === 'POST' ? await this.#make(body) : this.#list(query.get('filter'));
    const volume = this.#all.get(name);
    if (!volume) throw new Refusal(404, 'Storage volume not found');
    if (method === 'PATCH') {
      Object.assign(volume.config, body.config);
      return {};
    }
    if (rest === 'state') return { usage: { used: (await stat(this.folderOf(name))).size } };
    if (this.#usersOf(name).length > 0) throw new Refusal(400, 'The storage volume is still in use');
    this.#all.delete(name);
    await rm(this.folderOf(name), { recursive: true, force: true });
    return {};
  }

  #list(filter: string | null): Reply {
    const wanted = /^name eq (.+)$/.exec(filter ?? '')?.[1];
    const found = [...this.#all.values()].filter(({ name }) => wanted === undefined || name === wanted);
    return found.map((volume) => ({ ...volume, location: 'none', used_by: this.#usersOf(volume.name) }));
  }

  async #make({ name, config, source }: WantedVolume): Promise<Reply> {
    if (source) await cp(this.folderOf(source.name), this.folderOf(name), { recursive: true });
    else await mkdir(this.folderOf(name), { recursive: true });
    this.#all.set(name, { name, config });
    return {};
  }
}
