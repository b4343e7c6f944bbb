import type { FastifyInstance } from 'fastify';
import { KeyedMutex } from '../../../../async/keyed-mutex.ts';
import { isSandboxError } from '../../../../base/errors.ts';
import type { Core } from '../../../dialect.ts';
import { untilDeadline } from '../connect/call-times.ts';
import { ConnectError } from '../connect/connect-error.ts';
import { toEnvelope } from '../connect/envelope.ts';
import { type Call, type Rpc, STREAM_TYPE } from '../rpc.ts';
import { findRunning, findStarted, listStarted } from './lookup.ts';
import { PING, toInfo, toMessage } from './mapping.ts';
import * as schemas from './schemas.ts';
import { startProcess } from './starting.ts';

const SERVICE = 'process.Process';

/** The signals that clients may send, by name and by number of the enumeration. */
const SIGNALS: ReadonlyMap<string | number, number> = new Map<string | number, number>([
  ['SIGNAL_SIGTERM', 15],
  [15, 15],
  ['SIGNAL_SIGKILL', 9],
  [9, 9],
]);

/** process.Process of envd: programs that are started, read, fed and ended. */
export function processRoutes(app: FastifyInstance, rpc: Rpc, { sandboxes, processes, tree }: Core): void {
  const turns = new KeyedMutex<string>();

  /** Writes to the input of a process, one request after the other. */
  const write = async (call: Call, { id, pid }: { id: number; pid: number | null }, bytes: readonly Buffer[]) => {
    const closes = bytes.length === 0;
    const key = `${call.ref.address.namespace} ${call.ref.address.id} ${id}`;
    try {
      await turns.run(key, () => processes.write(call.ref, id, bytes, { closes, signal: call.signal }));
    } catch (error) {
      if (!isSandboxError(error, 'conflict')) throw error;
      if (closes) return;
      throw new ConnectError('internal', `process with pid ${pid} takes no input: ${error.message}`, { cause: error });
    }
  };

  rpc.stream({ service: SERVICE, name: 'Start', message: schemas.startRequest }, PING, async function* (call, message) {
    const facts = { pid: null, hasTerminal: message.pty != null };
    for await (const event of startProcess({ sandboxes, processes, tree }, call, message)) {
      const told = toMessage(event, facts);
      if (told) yield told;
    }
  });

  rpc.stream(
    { service: SERVICE, name: 'Connect', message: schemas.connectRequest },
    PING,
    async function* (call, message) {
      const { kept } = await findStarted(processes, call.ref, message.process);
      const facts = { pid: kept.pid, hasTerminal: kept.tty !== null };
      const after = kept.endedAtMs === null ? kept.lastEventId : kept.lastEventId - 1;
      const read = (signal: AbortSignal) => processes.events(call.ref, kept.id, { after, signal });
      const sentence = 'The stream was ended at its deadline; the process runs on.';
      for await (const event of untilDeadline(call, sentence, read)) {
        const told = toMessage(event, facts);
        if (told) yield told;
      }
    },
  );

  rpc.unary({ service: SERVICE, name: 'List', message: schemas.nothing }, async ({ ref }) => {
    const started = await listStarted(processes, ref);
    return { processes: started.filter(({ kept }) => kept.endedAtMs === null).map(toInfo) };
  });

  rpc.unary({ service: SERVICE, name: 'SendInput', message: schemas.sendInputRequest }, async (call, message) => {
    const { kept } = await findRunning(processes, call.ref, message.process);
    const { stdin, pty } = message.input ?? {};
    const bytes = kept.tty === null ? stdin : pty;
    if (!bytes) {
      const wanted = kept.tty === null ? 'has no terminal: send stdin' : 'has a terminal: send pty';
      throw new ConnectError('internal', `process with pid ${kept.pid} ${wanted}`);
    }
    await write(call, kept, [bytes]);
    return {};
  });

  rpc.unary({ service: SERVICE, name: 'CloseStdin', message: schemas.connectRequest }, async (call, message) => {
    const { kept } = await findRunning(processes, call.ref, message.process);
    if (kept.tty !== null)
      throw new ConnectError('unknown', 'A terminal has no input of its own that could be closed.');
    await write(call, kept, []);
    return {};
  });

  rpc.unary({ service: SERVICE, name: 'SendSignal', message: schemas.sendSignalRequest }, async ({ ref }, message) => {
    const number = SIGNALS.get(message.signal ?? '');
    if (number === undefined)
      throw new ConnectError('unimplemented', 'Only SIGNAL_SIGTERM and SIGNAL_SIGKILL are sent.');
    const { kept } = await findRunning(processes, ref, message.process);
    try {
      // What a command has started is a part of it for who kills it.
      await processes.signal(ref, kept.id, number, number === 9);
    } catch (error) {
      if (!isSandboxError(error, 'conflict')) throw error;
      throw new ConnectError('not_found', `process with pid ${kept.pid} not found: it has ended`, { cause: error });
    }
    return {};
  });

  rpc.unary({ service: SERVICE, name: 'Update', message: schemas.updateRequest }, async ({ ref }, message) => {
    const { kept } = await findRunning(processes, ref, message.process);
    const size = message.pty?.size;
    if (!size) return {};
    if (kept.tty === null) throw new ConnectError('internal', `process with pid ${kept.pid} has no terminal`);
    await processes.resize(ref, kept.id, size);
    return {};
  });

  app.post(`/${SERVICE}/StreamInput`, { schema: { hide: true } }, async ({ body: asked }, reply) => {
    const { body } = new ConnectError('unimplemented', 'StreamInput is not served: send input with SendInput.');
    if (Buffer.isBuffer(asked)) return reply.type(STREAM_TYPE).send(toEnvelope({ error: body }, true));
    return await reply.code(501).type('application/json').send(body);
  });
}
