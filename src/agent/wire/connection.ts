import type { Duplex } from 'node:stream';
import { z } from 'zod';
import { createDeferred } from '../../async/deferred.ts';
import { Channel, type ChannelListener } from './channel.ts';
import { decodeJson, encodeJson, FRAME, type Frame, FrameDecoder, type FrameType, ProtocolError } from './codec.ts';
import { deliver } from './deliver.ts';
import { AgentFailure } from './failures.ts';
import { FrameBudget, SharedFrameBudget } from './frame-budget.ts';
import { FrameWriter } from './frame-writer.ts';
import { FreezeClock } from './freeze-clock.ts';
import { IncomingChannel, type OpenListener } from './incoming-channel.ts';
import { Liveness } from './liveness.ts';

const MAX_CHANNELS = 1024;

/** How many of them the agent may have opened, so that enough are left for calls. */
const MAX_INCOMING = 128;

/** What may wait to be written besides file bytes, which wait for `drained`; an agent that does not read ends here. */
const MAX_PENDING_BYTES = 8 * 1_048_576;

/** The same for what the agent makes the server answer: small frames, which take many times their length. */
const MAX_PENDING_REPLY_BYTES = 1_048_576;

const PING = Buffer.from('clara-up');

const helloPayload = z.object({
  protocol: z.literal(1),
  hash: z.string().max(128),
  pid: z.int(),
  boot: z.string().max(128),
  python: z.string().max(64),
  resumed: z.boolean(),
  programs: z.array(z.string().max(64)).max(64).optional(),
});

/** A call that is watched: the request that makes it, which the agent hears too, and what is told of its end. */
interface WatchedCall {
  readonly requestId: string;
  readonly end: (failure: { readonly cause: unknown } | undefined) => void;
}

/** Told of each call that begins; undefined where nobody wants to know how it ends. */
export type AgentCallWatcher = (operation: string) => WatchedCall | undefined;

/** What an agent says of itself in its first frame. */
export type AgentHello = z.infer<typeof helloPayload>;

/** The server's end of one stream to one agent: opens channels, checks every frame, ends on the first violation. */
export class AgentConnection {
  /** Resolves with the agent's first frame; rejects when the connection ends before it. */
  readonly hello: Promise<AgentHello>;
  /** Resolves with the reason once the connection is over. */
  readonly closed: Promise<Error>;
  /** While its sandbox is frozen, its agent's silence says nothing. */
  readonly freezes = new FreezeClock();
  readonly #stream: Duplex;
  readonly #writer: FrameWriter;
  readonly #decoder = new FrameDecoder();
  readonly #channels = new Map<number, Channel>();
  readonly #incoming = new Map<number, IncomingChannel>();
  readonly #onOpen: OpenListener | undefined;
  readonly #onCall: AgentCallWatcher | undefined;
  readonly #hello = createDeferred<AgentHello>();
  readonly #closed = createDeferred<Error>();
  readonly #budget: FrameBudget;
  readonly #liveness = new Liveness({
    isAwaited: () => this.#channels.size > this.#incoming.size,
    isHeldBack: () => this.#pause !== undefined || this.freezes.isFrozen,
    ping: () => this.send(FRAME.PING, 0, 0, PING),
    onHung: () => this.close(new AgentFailure('hung', 'The sandbox does not answer: its agent was stopped or hangs.')),
  });
  #hasGreeted = false;
  #nextChannel = 1;
  #lastIncoming = 0;
  #end: Error | undefined;
  #pause: NodeJS.Timeout | undefined;

  /** `onOpen` answers the channels that the agent opens; without it they are refused. `frames` counts what all agents cost. */
  constructor(
    stream: Duplex,
    onOpen?: OpenListener,
    frames = new SharedFrameBudget(),
    onCall?: AgentCallWatcher | undefined,
  ) {
    this.#onCall = onCall;
    this.#budget = new FrameBudget(frames);
    this.#stream = stream;
    this.#writer = new FrameWriter(stream);
    this.#onOpen = onOpen;
    this.hello = this.#hello.promise;
    this.closed = this.#closed.promise;
    stream.on('data', (chunk: Buffer) => this.#receive(chunk));
    stream.on('error', (error) => this.close(error));
    stream.on('end', () => this.close(new Error('The stream to the agent ended.')));
    stream.on('close', () => this.close(new Error('The stream to the agent closed.')));
  }

  get isOpen(): boolean {
    return this.#end === undefined;
  }

  /** Opens a channel for one operation; the caller owns it until its result is there. */
  open(op: string, parameters: Readonly<Record<string, unknown>>, listener: ChannelListener = {}): Channel {
    if (this.#end) throw new AgentFailure('lost', 'The connection to the sandbox is gone.', { cause: this.#end });
    if (this.#channels.size >= MAX_CHANNELS) {
      throw new AgentFailure('limit', `The sandbox already does ${MAX_CHANNELS} things at once.`);
    }
    const channel = new Channel(this.#nextChannel, this, listener);
    const watched = this.#onCall?.(op);
    const request = watched ? { request: watched.requestId } : {};
    this.send(FRAME.OPEN, channel.id, 0, encodeJson({ op, ...parameters, ...request }));
    if (watched) {
      channel.result.then(
        () => watched.end(undefined),
        (cause: unknown) => watched.end({ cause }),
      );
    }
    this.#nextChannel += 2;
    this.#channels.set(channel.id, channel);
    this.#liveness.watch();
    return channel;
  }

  /** For channels: writes a frame. */
  send(type: FrameType, channel: number, stream: number, payload?: Buffer): void {
    this.#writer.write(type, channel, stream, payload);
    this.#expectToBeRead(MAX_PENDING_BYTES);
  }

  /** For channels: undefined while the stream takes bytes, else a promise for the moment when it does again. */
  drained(): Promise<void> | undefined {
    return this.#writer.drained();
  }

  /** Ends the connection and fails what is under way; later calls do nothing. */
  close(reason: Error): void {
    if (this.#end) return;
    this.#end = reason;
    this.#liveness.end();
    clearTimeout(this.#pause);
    this.#stream.destroy();
    const failure =
      reason instanceof AgentFailure
        ? reason
        : new AgentFailure('lost', 'The connection to the sandbox was lost while it worked.', { cause: reason });
    this.#hello.reject(failure);
    for (const channel of this.#channels.values()) channel.finish({ failure });
    this.#channels.clear();
    this.#incoming.clear();
    this.#closed.resolve(reason);
    this.#writer.end();
  }

  #expectToBeRead(limitBytes: number): void {
    if (this.#writer.waitingBytes > limitBytes) this.close(new Error('The agent does not read.'));
  }

  #receive(chunk: Buffer): void {
    if (this.#end) return;
    this.#liveness.heard();
    try {
      const frames = this.#decoder.push(chunk);
      for (const frame of frames) {
        if (this.#end) return;
        this.#dispatch(frame);
      }
      this.#rest(this.#budget.spend(frames, performance.now()));
    } catch (error) {
      this.close(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Takes nothing from the agent for a while. */
  #rest(milliseconds: number): void {
    if (milliseconds === 0 || this.#end) return;
    this.#stream.pause();
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#stream.resume();
    }, milliseconds);
  }

  #dispatch(frame: Frame): void {
    if (!this.#hasGreeted) this.#greet(frame);
    else if (frame.channel === 0) this.#dispatchControl(frame);
    else if (frame.type === FRAME.OPEN) this.#accept(frame);
    else if (frame.channel % 2 === 0) this.#dispatchToIncoming(frame);
    else if (frame.channel >= this.#nextChannel) throw new ProtocolError(`Channel ${frame.channel} was never opened.`);
    else {
      const channel = this.#channels.get(frame.channel);
      if (channel) this.#dispatchTo(channel, frame);
    }
  }

  #dispatchToIncoming(frame: Frame): void {
    if (frame.channel > this.#lastIncoming) throw new ProtocolError(`Channel ${frame.channel} was never opened.`);
    const incoming = this.#incoming.get(frame.channel);
    if (!incoming) return;
    if (frame.type === FRAME.CANCEL) incoming.receiveCancel();
    else if (frame.type === FRAME.DATA || frame.type === FRAME.END || frame.type === FRAME.CREDIT) {
      this.#dispatchTo(incoming.channel, frame);
    } else throw new ProtocolError(`A frame of type ${frame.type} came on channel ${frame.channel}.`);
  }

  /** The outcome is read before the channel is forgotten: while it is known, the end of the connection settles it. */
  #dispatchTo(channel: Channel, frame: Frame): void {
    deliver(frame, channel, (outcome) => {
      this.#channels.delete(channel.id);
      channel.finish(outcome);
    });
  }

  #greet(frame: Frame): void {
    if (frame.type !== FRAME.HELLO || frame.channel !== 0) throw new ProtocolError('The first frame is not HELLO.');
    const hello = helloPayload.safeParse(decodeJson(frame.payload));
    if (!hello.success) throw new ProtocolError('The agent speaks another version.', { cause: hello.error });
    this.#hasGreeted = true;
    this.#hello.resolve(hello.data);
  }

  #dispatchControl(frame: Frame): void {
    if (frame.type === FRAME.PING) {
      this.send(FRAME.PONG, 0, 0, frame.payload);
      this.#expectToBeRead(MAX_PENDING_REPLY_BYTES);
    } else if (frame.type !== FRAME.PONG) throw new ProtocolError(`A frame of type ${frame.type} came on channel 0.`);
  }

  #accept(frame: Frame): void {
    const { channel: id, payload } = frame;
    if (id % 2 !== 0 || id <= this.#lastIncoming) throw new ProtocolError(`Channel ${id} cannot be opened.`);
    this.#lastIncoming = id;
    const request = decodeJson(payload);
    const incoming = new IncomingChannel(id, this, () => {
      this.#channels.delete(id);
      this.#incoming.delete(id);
    });
    this.#expectToBeRead(MAX_PENDING_REPLY_BYTES);
    if (!this.#onOpen) {
      incoming.fail('unsupported', 'This sandbox has no way out.');
    } else if (this.#incoming.size >= MAX_INCOMING || this.#channels.size >= MAX_CHANNELS) {
      incoming.fail('limit', `The sandbox already has ${this.#incoming.size} connections.`);
    } else {
      this.#channels.set(id, incoming.channel);
      this.#incoming.set(id, incoming);
      this.#onOpen(request, incoming);
    }
  }
}
