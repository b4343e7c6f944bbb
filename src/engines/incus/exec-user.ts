import { z } from 'zod';
import type { EngineUser } from '../engine.ts';
import type { Instance } from './instances.ts';
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

/** What an instance says of it. */
export function execUserOf({ config }: Instance): ExecUser {
  const [uid = 0, gid = 0] = userSchema.parse(config[KEY.user]).split(':').map(Number);
  return toExecUser({ uid, gid }, config[KEY.workdir] ?? '/', config[KEY.groups] === undefined ? 0 : 1);
}
