import type { Readable } from 'node:stream';
import { z } from 'zod';
import { SandboxError } from '../../base/errors.ts';
import type { Channel } from '../wire/channel.ts';
import type { AgentConnection } from '../wire/connection.ts';
import { type CallOptions, call, type Feed, type TransferOptions } from './call.ts';
import { DownloadStream } from './download-stream.ts';
import type { StallTimer } from './stall-timer.ts';

/** Bytes for the agent, as they come. */
export type Chunks = Iterable<Buffer> | AsyncIterable<Buffer>;

/** Sends chunks as fast as the sandbox takes them; after the last one the agent has `finishMs` for its answer, if given. */
export function feedFrom(chunks: Chunks, options: CallOptions | TransferOptions, finishMs?: number): Feed {
  const onBytes = 'onBytes' in options ? options.onBytes : undefined;
  return async (channel, stallTimer) => {
    stallTimer?.pause();
    for await (const chunk of chunks) {
      stallTimer?.restart();
      await channel.write(0, chunk);
      if (channel.isOver) return;
      stallTimer?.pause();
      onBytes?.(chunk.length);
    }
    stallTimer?.restart(finishMs);
    channel.end(0);
  };
}

interface DownloadOptions {
  readonly onEvent?: (event: unknown) => void;
  /** How many bytes must come, as far as it is known by then: fewer or more are an error of the body, and none is passed on beyond them. */
  readonly exactBytes?: () => number | undefined;
}

/** Bytes on their way from the agent. */
export interface Download {
  /** Takes the agent's bytes at its reader's pace; destroying it cancels the transfer. */
  readonly body: Readable;
  /** Resolves when all bytes are there, whether or not they are read; rejects with what went wrong. */
  readonly done: Promise<void>;
}

/** Opens a channel whose bytes are the body of a stream. */
export function download(
  connection: AgentConnection,
  op: string,
  parameters: Readonly<Record<string, unknown>>,
  options: CallOptions | TransferOptions,
  { onEvent, exactBytes }: DownloadOptions = {},
): Download {
  const abort = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, abort.signal]) : abort.signal;
  const onBytes = 'onBytes' in options ? options.onBytes : undefined;
  let channel: Channel | undefined;
  let stallTimer: StallTimer | undefined;
  let receivedBytes = 0;
  const stream = new DownloadStream({
    onTaken: (bytes) => channel?.consumed(bytes),
    onWaiting: (isForAgent) => {
      if (isForAgent) stallTimer?.restart();
      else stallTimer?.pause();
    },
    onDestroy: () => abort.abort(),
  });
  const { body } = stream;
  // Whoever reads it hears of an error; until somebody does, nobody has to.
  body.on('error', () => undefined);
  const hasChanged = () => new SandboxError('conflict', 'It changed while it was read; try again.');
  const onData = (_stream: number, payload: Buffer) => {
    receivedBytes += payload.length;
    // Whoever was told a size would take what comes after it for the next answer.
    if (receivedBytes > (exactBytes?.() ?? Number.POSITIVE_INFINITY)) body.destroy(hasChanged());
    stream.give(payload);
    onBytes?.(payload.length);
  };
  const listener = onEvent ? { onData, onEvent } : { onData };
  const feed: Feed = (opened, itsStallTimer) => {
    channel = opened;
    stallTimer = itsStallTimer;
  };
  const done = call(connection, op, parameters, z.unknown(), { ...options, signal }, listener, feed).then(() => {
    if (receivedBytes !== (exactBytes?.() ?? receivedBytes)) throw hasChanged();
    stream.end();
  });
  done.catch((error: Error) => body.destroy(error));
  return { body, done };
}
