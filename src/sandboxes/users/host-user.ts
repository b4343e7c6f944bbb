import { SandboxError } from '../../base/errors.ts';
import type { Engine, EngineUser } from '../../engines/engine.ts';

/** What a user namespace has as a rule. */
const IDS_INSIDE = 65_536;

/** Who a sandbox's user is on this machine; throws `invalid` where this process cannot know, or the engine runs elsewhere. */
export async function toHostUser({ host, volumes, traits }: Engine, user: EngineUser): Promise<EngineUser> {
  if (host) return await host.userOf(user);
  // Nothing of this machine is given to anybody.
  if (volumes && user.uid < IDS_INSIDE && user.gid < IDS_INSIDE) return user;
  throw new SandboxError(
    'invalid',
    `The ${traits.label} engine runs on another machine and binds no folders of this one.`,
  );
}
