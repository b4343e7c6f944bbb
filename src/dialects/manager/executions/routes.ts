import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { disconnectSignal } from '../../../http/connections/disconnect.ts';
import { sendStream } from '../../../http/streams/sending.ts';
import type { ProcessEvent } from '../../../processes/events.ts';
import { toAbout } from '../../../processes/kept-process.ts';
import { WORKSPACE } from '../../../sandboxes/spec/folders.ts';
import { type Core, refOf } from '../../dialect.ts';
import { sandboxOperation } from '../operation.ts';
import { collect, textOf } from './collecting.ts';
import * as schemas from './schemas.ts';

/** The longest that a command may take whose answer comes whole, in seconds. */
const MAX_WHOLE_SECONDS = 300;

interface ExecutionRoutesOptions extends Core {
  /** The longest timeout of a stream, in seconds. */
  readonly maxTimeoutSeconds: number;
}

/** The manager: commands. */
export const executionRoutes: FastifyPluginAsyncZod<ExecutionRoutesOptions> = async (app, options) => {
  const { sandboxes, processes, maxTimeoutSeconds } = options;

  app.post(
    '/sandboxes/:sandbox_id/exec',
    sandboxOperation('execution', 'execute', 'Run a command', {
      body: schemas.commandBody,
      response: { 200: schemas.commandResponse },
    }),
    async (request, reply) => {
      const ref = refOf(request);
      await sandboxes.get(ref);
      const timeoutSeconds = Math.min(MAX_WHOLE_SECONDS, maxTimeoutSeconds);
      const program = toProgram(request.body.command);
      const options = { ...startOptions(program, timeoutSeconds), signal: disconnectSignal(reply) };
      return await collect(processes.stream(ref, program, options));
    },
  );

  app.post(
    '/sandboxes/:sandbox_id/exec/stream',
    sandboxOperation('execution', 'streamCommand', 'Run a command and read what it writes as it comes', {
      body: schemas.commandBody,
      response: { 200: schemas.output },
    }),
    async (request, reply) => {
      const ref = refOf(request);
      await sandboxes.get(ref);
      const program = toProgram(request.body.command);
      const options = { ...startOptions(program, maxTimeoutSeconds), signal: disconnectSignal(reply) };
      const events = processes.stream(ref, program, options);
      // What fails before the program runs is an ordinary error.
      await events.next();
      return await sendStream(reply, 'text/plain; charset=utf-8', toTexts(events));
    },
  );
};

type AskedProgram = ReturnType<typeof toProgram>;

function toProgram(command: string | readonly string[]) {
  return typeof command === 'string'
    ? ({ program: 'shell', source: command } as const)
    : ({ program: 'argv', argv: command } as const);
}

function startOptions(program: AskedProgram, timeoutSeconds: number) {
  const about = toAbout(program, { name: null, labels: {}, cwd: WORKSPACE });
  return { about, timeoutSeconds, keepsRunning: false };
}

async function* toTexts(events: AsyncGenerator<ProcessEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    const text = textOf(event);
    if (text !== '') yield text;
  }
}
