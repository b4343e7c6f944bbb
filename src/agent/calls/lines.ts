import { setImmediate } from 'node:timers/promises';
import type { z } from 'zod';
import { ByteQueue } from '../../async/byte-queue.ts';
import type { Channel } from '../wire/channel.ts';
import type { AgentConnection } from '../wire/connection.ts';
import { AgentFailure } from '../wire/failures.ts';
import { call, type Feed, type TransferOptions } from './call.ts';
import { type Chunks, feedFrom } from './transfer.ts';

/** Lines that are checked before others have their turn. */
const LINES_A_TURN = 500;

/** More than any answer of lines may have, in bytes. */
const LIMIT_BYTES = 16 * 2 ** 20;

/** What an operation of lines answers: how each item is, how its result is, and how many items there may be. */
interface LineAnswer<Item extends z.ZodType, Result extends z.ZodType> {
  readonly item: Item;
  readonly result: Result;
  readonly limit: number;
}

/** Calls an operation whose bytes are lines of JSON; all of them, checked, and its result. */
export async function collectLines<Item extends z.ZodType, Result extends z.ZodType>(
  connection: AgentConnection,
  op: string,
  parameters: Readonly<Record<string, unknown>>,
  { item, result, limit }: LineAnswer<Item, Result>,
  options: TransferOptions,
): Promise<{ readonly items: readonly z.infer<Item>[]; readonly result: z.infer<Result> }> {
  const { bytes, result: end } = await collectBytes(connection, op, parameters, result, options);
  const lines = bytes.length === 0 ? [] : bytes.toString('utf8').replace(/\n$/, '').split('\n');
  if (lines.length > limit) throw new AgentFailure('internal', 'The agent gave more lines than were asked for.');
  const items: z.infer<Item>[] = [];
  for (let at = 0; at < lines.length; at += LINES_A_TURN) {
    if (at > 0) await setImmediate();
    for (const line of lines.slice(at, at + LINES_A_TURN)) items.push(parseLine(line, item));
  }
  return { items, result: end };
}

/** Calls an operation that sends bytes, which are bounded; all of them, and its result. */
export async function collectBytes<Result extends z.ZodType>(
  connection: AgentConnection,
  op: string,
  parameters: Readonly<Record<string, unknown>>,
  result: Result,
  options: TransferOptions,
  chunks?: Chunks,
): Promise<{ readonly bytes: Buffer; readonly result: z.infer<Result> }> {
  const kept = new ByteQueue();
  let received = 0;
  let channel: Channel | undefined;
  const onData = (_stream: number, piece: Buffer) => {
    received += piece.length;
    if (received <= LIMIT_BYTES) kept.push(piece);
    channel?.consumed(piece.length);
  };
  const feed: Feed = async (opened, stallTimer) => {
    channel = opened;
    if (chunks) await feedFrom(chunks, options)(opened, stallTimer);
  };
  const end = await call(connection, op, parameters, result, options, { onData }, feed);
  if (received > LIMIT_BYTES) throw new AgentFailure('internal', 'The agent gave more than an answer may have.');
  return { bytes: kept.take(), result: end };
}

function parseLine<Item extends z.ZodType>(line: string, item: Item): z.infer<Item> {
  try {
    return item.parse(JSON.parse(line));
  } catch (error) {
    throw new AgentFailure('internal', 'The agent gave a malformed line.', { cause: error });
  }
}
