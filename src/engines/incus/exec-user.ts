import { z } from 'zod';
import type { EngineId, EngineSpec, EngineUser } from '../engine.ts';
import type { IncusCalls } from './incus-calls.ts';
import { noSuchSandbox, readInstance } from './instances.ts';
import { KEY } from './keys.ts';

/** Whose programs run in a sandbox, and where they begin. */
export interface ExecUser extends EngineUser {
  readonly workdir: string;
  /** True where its user is in other groups too, for which Incus has no word. */
  readonly hasGroups: boolean;
}

const userSchema = z.string().regex(/^\d+:\d+$/);

function toExecUser({ uid, gid }: EngineUser, workdir: string, groups: number): ExecUser {
  return { uid, gid, workdir, hasGroups: groups > 0 };
}

/** Those of sandboxes: as this process has made them, else as Incus tells, once. */
export class ExecUsers {
  readonly #known = new Map<EngineId, ExecUser>();

  /** Remembers that of a sandbox that is made now. */
  note(id: EngineId, { user, workdir, groups = [] }: EngineSpec): void {
    this.#known.set(id, toExecUser(user, workdir, groups.length));
  }

  /** Throws `not_found`. */
  async of(calls: IncusCalls, id: EngineId): Promise<ExecUser> {
    const user = this.#known.get(id) ?? (await readExecUser(calls, id));
    this.#known.set(id, user);
    return user;
  }

  /** Forgets a sandbox that is gone. */
  forget(id: EngineId): void {
    this.#known.delete(id);
  }
}

async function readExecUser(calls: IncusCalls, id: EngineId): Promise<ExecUser> {
  const instance = await readInstance(calls, id);
  if (!instance) throw noSuchSandbox();
  const { config } = instance;
  const [uid = 0, gid = 0] = userSchema.parse(config[KEY.user]).split(':').map(Number);
  return toExecUser({ uid, gid }, config[KEY.workdir] ?? '/', config[KEY.groups] === undefined ? 0 : 1);
}
