import { z } from 'zod';
import { ByteQueue } from '../../async/byte-queue.ts';
import { createDeferred, type Deferred } from '../../async/deferred.ts';
import type { Channel, ChannelListener } from '../wire/channel.ts';
import type { AgentConnection } from '../wire/connection.ts';
import { AgentFailure } from '../wire/failures.ts';
import { call, type Feed } from './call.ts';

/** A line that is longer is none of an agent that keeps to the protocol: two paths, escaped. */
const MAX_LINE_BYTES = 65_536;

/** How long a look at what has happened may take, in milliseconds. */
const SETTLE_MS = 10_000;

const change = z.union([
  z.object({
    event: z.enum(['created', 'modified', 'attributes', 'deleted', 'renamed']),
    path: z.string(),
    /** Where it was, of what is renamed. */
    from: z.string().optional(),
    type: z.enum(['file', 'directory', 'symlink', 'other']),
    /** True if it has come from outside what is watched, or has gone there. */
    moved: z.boolean().default(false),
  }),
  z.object({ event: z.literal('overflow') }),
]);

/** What has happened to a file; `overflow`: something is missing before it. Names that are not UTF-8 have lone surrogates. */
export type FileChange = z.infer<typeof change>;

interface WatchRequest {
  readonly path: string;
  readonly isRecursive: boolean;
  readonly signal: AbortSignal;
}

/**
 * What happens in a folder, at the reader's pace: null first, once all is watched, then each change; it ends when the folder is gone.
 * Ending the iteration ends the watch. AgentFailure `limit` where there are too many watchers or folders, `unsupported` without inotify.
 */
export async function* watchFolder(
  connection: AgentConnection,
  { path, isRecursive, signal }: WatchRequest,
): AsyncGenerator<FileChange | null> {
  const left = new AbortController();
  const inbox = new LineInbox();
  const listener: ChannelListener = { onData: (_stream, bytes) => inbox.put(bytes), onEvent: () => inbox.begin() };
  const feed: Feed = (channel) => {
    inbox.channel = channel;
  };
  const options = { signal: AbortSignal.any([signal, left.signal]), deadlineMs: null };
  const done = call(connection, 'watch', { path, recursive: isRecursive }, z.object({}), options, listener, feed).then(
    () => inbox.end(),
    (error: unknown) => inbox.fail(error),
  );
  try {
    await inbox.ready;
    if (inbox.hasBegun) yield null;
    for (;;) {
      const lines = await inbox.take();
      if (lines === null) return;
      for (const line of lines) yield parseChange(line);
    }
  } finally {
    left.abort();
    await done;
  }
}

/** Resolves when all watches of this agent have been given what has happened so far, as far as they have room for it. */
export async function settleWatches(connection: AgentConnection): Promise<void> {
  await call(connection, 'settle', {}, z.object({}), { deadlineMs: SETTLE_MS });
}

function parseChange(line: string): FileChange {
  try {
    return change.parse(JSON.parse(line));
  } catch (error) {
    throw new AgentFailure('internal', 'The agent gave a malformed change of a file.', { cause: error });
  }
}

/** Bytes that wait for their reader, within the channel's credit, which goes back as whole lines are taken. */
class LineInbox {
  channel: Channel | undefined;
  hasBegun = false;
  readonly #ready = createDeferred<void>();
  readonly #bytes = new ByteQueue();
  #rest = Buffer.alloc(0);
  #isOver = false;
  #failure: { readonly error: unknown } | undefined;
  #wake: Deferred<void> | undefined;

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  begin(): void {
    this.hasBegun = true;
    this.#ready.resolve();
  }

  put(bytes: Buffer): void {
    this.#bytes.push(bytes);
    this.#wake?.resolve();
  }

  end(): void {
    this.#isOver = true;
    this.#ready.resolve();
    this.#wake?.resolve();
  }

  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#ready.resolve();
    this.#wake?.resolve();
  }

  /** The whole lines that have come; null at the end. */
  async take(): Promise<readonly string[] | null> {
    for (;;) {
      if (this.#bytes.length > 0) {
        this.channel?.consumed(this.#bytes.length);
        const data = Buffer.concat([this.#rest, this.#bytes.take()]);
        const end = data.lastIndexOf(10) + 1;
        this.#rest = data.subarray(end);
        if (this.#rest.length > MAX_LINE_BYTES)
          throw new AgentFailure('internal', 'The agent gave a line without an end.');
        if (end > 0)
          return data
            .subarray(0, end - 1)
            .toString('utf8')
            .split('\n');
        continue;
      }
      if (this.#failure) throw this.#failure.error;
      if (this.#isOver) return null;
      this.#wake = createDeferred();
      await this.#wake.promise;
    }
  }
}
