import type { AgentLink } from '../../agent/link/link.ts';
import type { Sandbox } from '../registry/sandbox.ts';

/** Has a sandbox stopped in which a program does not end that must; one that is frozen writes nothing, and waits. */
export function stopWhereStuck(
  sandbox: Sandbox,
  link: AgentLink,
  stop: (sandbox: Sandbox) => Promise<void>,
  onError: (error: unknown) => void,
): void {
  link.onStuck = async () => {
    const stopped = sandbox.mutex.run(async () => {
      if (sandbox.link === link && sandbox.state === 'running') await stop(sandbox);
    });
    await stopped.catch(onError);
  };
}
