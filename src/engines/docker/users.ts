import { SandboxError } from '../../base/errors.ts';
import type { EngineUser } from '../engine.ts';

/**
 * How an engine maps the users of its containers to those of the machine. `remapped`: user 0 is `first`, and so on.
 * `rootless`: as in the user namespace that the engine itself runs in.
 */
export type UserMapping =
  | { readonly mode: 'same' }
  | { readonly mode: 'remapped'; readonly first: EngineUser }
  | { readonly mode: 'rootless' }
  | { readonly mode: 'unknown' };

/** The map of a process that is in no user namespace but the machine's own (user_namespaces(7)). */
const WHOLE_MACHINE = /^\s*0\s+0\s+4294967295\s*$/;

/** True where only some users exist in a container: the engine maps them, or is itself where they are mapped, as this process is then. */
export function mapsUsers(mapping: UserMapping, ownMap: string): boolean {
  return mapping.mode !== 'same' || !WHOLE_MACHINE.test(ownMap);
}

/** Who a container's user is for this process, whose own map of users is `ownMap`; throws `invalid` where there is none, or it cannot be known. */
export function toHostUser(mapping: UserMapping, ownMap: string, user: EngineUser): EngineUser {
  const found = mapped(mapping, ownMap, user);
  if (exists(ownMap, found.uid)) return found;
  throw new SandboxError(
    'invalid',
    `The user namespace of this server and its engine has no user ${found.uid}: it needs a larger range in /etc/subuid and /etc/subgid.`,
  );
}

function mapped(mapping: UserMapping, ownMap: string, user: EngineUser): EngineUser {
  switch (mapping.mode) {
    case 'same':
      return user;
    case 'remapped':
      return { uid: mapping.first.uid + user.uid, gid: mapping.first.gid + user.gid };
    case 'rootless':
      if (!WHOLE_MACHINE.test(ownMap)) return user;
      throw new SandboxError(
        'invalid',
        'The Docker engine is rootless, so the server must run in a user namespace like its own: start it, as the user of the engine, with unshare --map-root-user --map-auto.',
      );
    case 'unknown':
      throw new SandboxError(
        'invalid',
        'The Docker engine maps users (userns-remap) and does not say to whom: its data folder is not named after them.',
      );
  }
}

/** Each line of a map has the first id inside, the first outside, and how many there are. */
function exists(ownMap: string, id: number): boolean {
  return ownMap.split('\n').some((line) => {
    const [first, , count] = line.trim().split(/\s+/).map(Number);
    return first !== undefined && count !== undefined && id >= first && id < first + count;
  });
}
