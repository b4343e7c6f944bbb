import type Docker from 'dockerode';
import type { EngineExec, EngineId } from '../engine.ts';
import type { DockerCalls } from './docker-calls.ts';
import { ExecStream } from './exec-stream.ts';
import type { HeldStreams } from './held-streams.ts';

const EXIT_POLL_MS = 5;
const EXIT_WAIT_MS = 1000;

/** Starts argv in a running container with stdin and stdout attached; throws `conflict` where it does not run. */
export async function startExec(
  calls: DockerCalls,
  held: HeldStreams,
  id: EngineId,
  argv: readonly string[],
): Promise<EngineExec> {
  const subject = calls.about(id, 'run a program in the sandbox');
  const exec = await calls.run(subject, (docker, abortSignal) =>
    docker.getContainer(calls.path(id)).exec({
      Cmd: [...argv],
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      Tty: false,
      abortSignal,
    }),
  );
  const socket = await calls.run(subject, (_docker, abortSignal) => {
    // dockerode sends its options as the body too; Docker ignores the names that it does not know.
    return exec.start({ hijack: true, stdin: true, Detach: false, Tty: false, abortSignal });
  });
  const stream = new ExecStream(socket);
  calls.own(stream);
  calls.own(socket);
  held.add(id, stream);
  return {
    stream,
    closed: stream.closedByEngine,
    isHeldBack: () => stream.isHeldBack,
    abandon: () => stream.abandon(),
    stderr: () => stream.stderr,
    onStderr: (listener) => void stream.on('stderr', listener),
    exitCode: () => readExitCode(calls, exec, stream),
  };
}

/** How many programs that Docker has started beside the container's own run in it with these first arguments. */
export async function countExecs(calls: DockerCalls, id: EngineId, argv: readonly string[]): Promise<number> {
  const subject = calls.about(id, 'look at the programs of a sandbox');
  const { ExecIDs: ids } = await calls.run(subject, (docker, abortSignal) =>
    docker.getContainer(calls.path(id)).inspect({ abortSignal }),
  );
  const running = (ids ?? []).map(async (execId) => {
    const {
      ProcessConfig: { entrypoint, arguments: rest },
      Running,
    } = await calls.run(subject, (docker, abortSignal) => docker.getExec(execId).inspect({ abortSignal }));
    return Running && argv.every((part, index) => [entrypoint, ...rest][index] === part);
  });
  return (await Promise.all(running)).filter(Boolean).length;
}

/**
 * Docker closes the stream of a program a moment before it notes the exit code. Who has seen the end of the stream asks for
 * the code, so a code that is still missing then is waited for, up to a second: a program may also close its stdout and go on.
 */
async function readExitCode(calls: DockerCalls, exec: Docker.Exec, stream: ExecStream): Promise<number | null> {
  const deadlineMs = performance.now() + EXIT_WAIT_MS;
  for (;;) {
    const info = await calls.run({ doing: 'look at a program' }, (_docker, abortSignal) =>
      exec.inspect({ abortSignal }),
    );
    if (!info.Running && info.ExitCode !== null) return info.ExitCode;
    if (!stream.readableEnded || performance.now() >= deadlineMs) return null;
    await new Promise((resolve) => setTimeout(resolve, EXIT_POLL_MS));
  }
}
