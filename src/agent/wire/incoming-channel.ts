import { Channel, type ChannelListener, type ChannelOutcome, type ChannelWriter } from './channel.ts';
import { encodeJson, FRAME } from './codec.ts';
import { AgentFailure, type AgentFailureCode } from './failures.ts';

/** What the answerer of a channel wants to hear; `onData` must lead to `consumed` sooner or later. */
export interface IncomingListener extends Pick<ChannelListener, 'onData' | 'onEnd'> {
  /** The agent wants it stopped; an answer must still be given. */
  onCancel?(): void;
  /** The channel is over: answered, or its connection is gone. */
  onOver?(): void;
}

/** The codes with which an incoming channel may be refused or ended. */
export type AnswerCode = AgentFailureCode | 'unreachable' | 'timeout';

/** Answers a channel that the agent opens; `request` is unchecked JSON. */
export type OpenListener = (request: unknown, channel: IncomingChannel) => void;

/** A channel that the agent has opened: bytes both ways under credit, then exactly one answer of ours. */
export class IncomingChannel {
  /** For the connection, which delivers frames to it. */
  readonly channel: Channel;
  readonly #writer: ChannelWriter;
  readonly #forget: () => void;
  #listener: IncomingListener = {};

  constructor(id: number, writer: ChannelWriter, forget: () => void) {
    this.#writer = writer;
    this.#forget = forget;
    this.channel = new Channel(id, writer, {
      onData: (stream, payload) => {
        if (this.#listener.onData) this.#listener.onData(stream, payload);
        else this.channel.consumed(payload.length);
      },
      onEnd: (stream) => this.#listener.onEnd?.(stream),
    });
    const over = () => this.#listener.onOver?.();
    this.channel.result.then(over, over);
  }

  get isOver(): boolean {
    return this.channel.isOver;
  }

  /** Says who hears the rest; must come before anything can have arrived, that is at once. */
  listen(listener: IncomingListener): void {
    this.#listener = listener;
  }

  /** Sends something worth knowing before the answer. */
  event(value: unknown): void {
    if (!this.isOver) this.#writer.send(FRAME.EVENT, this.channel.id, 0, encodeJson(value));
  }

  /** Answers; the channel is over. */
  answer(value: unknown): void {
    if (this.isOver) return;
    this.#writer.send(FRAME.RESULT, this.channel.id, 0, encodeJson(value));
    this.#finish({ result: value });
  }

  /** Answers with a failure; the channel is over. */
  fail(code: AnswerCode, message: string): void {
    if (this.isOver) return;
    this.#writer.send(FRAME.ERROR, this.channel.id, 0, encodeJson({ code, message }));
    this.#finish({ failure: new AgentFailure('cancelled', message) });
  }

  /** For the connection: the agent wants it stopped. */
  receiveCancel(): void {
    if (this.#listener.onCancel) this.#listener.onCancel();
    else this.fail('cancelled', 'The call was cancelled.');
  }

  #finish(outcome: ChannelOutcome): void {
    this.channel.finish(outcome);
    this.#forget();
  }
}
