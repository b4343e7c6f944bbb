import type { z } from 'zod';
import { isSandboxError, type SandboxError } from '../../../../base/errors.ts';
import type { FileTree } from '../../../../files/file-tree.ts';
import type { ProcessEvent } from '../../../../processes/events.ts';
import type { Processes } from '../../../../processes/processes.ts';
import type { Sandboxes } from '../../../../sandboxes/sandboxes.ts';
import { ConnectError } from '../connect/connect-error.ts';
import { resolvePath } from '../paths.ts';
import type { Call } from '../rpc.ts';
import { toLabels } from './mapping.ts';
import type { startRequest } from './schemas.ts';

/** What starts processes, and tells why they could not be. */
interface Starting {
  readonly sandboxes: Sandboxes;
  readonly processes: Processes;
  readonly tree: FileTree;
}

/** A terminal whose size nobody says. */
const USUAL_SIZE = { cols: 80, rows: 24 };

/** Starts a process and tells what it says; its deadline is the call's, and it outlives who reads. */
export async function* startProcess(
  { sandboxes, processes, tree }: Starting,
  call: Call,
  { process: asked, pty, tag, stdin }: z.output<typeof startRequest>,
): AsyncGenerator<ProcessEvent> {
  const { ref, user, signal, timeoutMs } = call;
  const cwd = resolvePath(asked.cwd, user);
  // What was said for all of the sandbox is stronger than what every sandbox has.
  const given = await sandboxes.use(ref, { lease: 'file' }, async ({ env }) => env ?? {});
  const about = {
    name: null,
    labels: toLabels(asked, tag ?? undefined),
    kind: pty ? 'tty' : 'argv',
    command: [asked.cmd, ...asked.args].join(' ').slice(0, 4096).toWellFormed(),
    cwd,
  } as const;
  const events = processes.stream(
    ref,
    { program: 'argv', argv: [asked.cmd, ...asked.args] },
    {
      about,
      timeoutSeconds: (timeoutMs ?? 0) / 1000,
      env: { ...toVariables(call), ...given, ...asked.envs },
      hasStdin: stdin ?? true,
      mustStart: true,
      tty: pty ? (pty.size ?? USUAL_SIZE) : undefined,
      keepsRunning: true,
      signal,
    },
  );
  let hasStarted = false;
  try {
    for await (const event of events) {
      hasStarted = true;
      yield event;
    }
  } catch (error) {
    if (hasStarted || signal.aborted || !isRefusal(error)) throw error;
    const isThere = await tree.stat(ref, cwd, true, signal).then(
      ({ type }) => type === 'directory',
      () => false,
    );
    const reason = isThere ? `The command could not be started: ${error.message}` : `cwd '${cwd}' does not exist`;
    throw new ConnectError('invalid_argument', reason, { cause: error });
  }
}

/** True for what is wrong with the program or its folder, which is the request's fault. */
function isRefusal(error: unknown): error is SandboxError {
  return isSandboxError(error, 'not_found') || isSandboxError(error, 'invalid');
}

/** The variables of every program. */
function toVariables({ ref, user, templateId }: Call): Readonly<Record<string, string>> {
  return {
    HOME: user.home,
    USER: user.name,
    LOGNAME: user.name,
    E2B_SANDBOX: 'true',
    E2B_SANDBOX_ID: ref.address.id,
    E2B_TEMPLATE_ID: templateId,
  };
}
