import { z } from 'zod';
import type { EngineId, EngineUser } from '../engine.ts';
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

/** The same of a spec's parts. */
export function toExecUser({ uid, gid }: EngineUser, workdir: string, groups: number): ExecUser {
  return { uid, gid, workdir, hasGroups: groups > 0 };
}

/** That of a sandbox that another server has made; throws `not_found`. */
export async function readExecUser(calls: IncusCalls, id: EngineId): Promise<ExecUser> {
  const instance = await readInstance(calls, id);
  if (!instance) throw noSuchSandbox();
  const { config } = instance;
  const [uid = 0, gid = 0] = userSchema.parse(config[KEY.user]).split(':').map(Number);
  return toExecUser({ uid, gid }, config[KEY.workdir] ?? '/', config[KEY.groups] === undefined ? 0 : 1);
}
