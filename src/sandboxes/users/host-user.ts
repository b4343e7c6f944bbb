import type { Engine, EngineUser } from '../../engines/engine.ts';
import { SandboxError } from '../../errors.ts';

/** Who a sandbox's user is on this machine; throws `invalid` where this process cannot know, or the engine runs elsewhere. */
export async function toHostUser({ host, traits }: Engine, user: EngineUser): Promise<EngineUser> {
  if (host) return await host.userOf(user);
  throw new SandboxError(
    'invalid',
    `The ${traits.label} engine runs on another machine and binds no folders of this one.`,
  );
}
