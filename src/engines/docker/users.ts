import { SandboxError } from '../../errors.ts';
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

/** Who a container's user is for this process, whose own map of users is `ownMap`; throws `invalid` where it cannot be known. */
export function toHostUser(mapping: UserMapping, ownMap: string, user: EngineUser): EngineUser {
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
