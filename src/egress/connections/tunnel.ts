import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IncomingChannel } from '../../agent/wire/incoming-channel.ts';
import { ByteQueue } from '../../async/byte-queue.ts';
import { createDeferred } from '../../async/deferred.ts';
import type { EgressMeter } from '../meter.ts';

/** How a tunnel ended; `cancelled` covers a program that went away, and a sandbox that did. */
export type TunnelEnd = 'done' | 'cancelled' | 'broken' | 'idle' | 'limit';

/** Bytes between one channel and one socket, each direction with an end of its own and a stall of its own. */
export class Tunnel {
  /** Bytes from the sandbox, and to it. */
  sentBytes = 0;
  receivedBytes = 0;
  readonly #channel: IncomingChannel;
  readonly #meter: EgressMeter;
  readonly #idleMs: number;
  readonly #over = createDeferred<TunnelEnd>();
  readonly #gone = new AbortController();
  readonly #queue = new ByteQueue();
  #socket: Duplex | undefined;
  #idle: NodeJS.Timeout | undefined;
  #isPumping = false;
  #hasSandboxEnded = false;
  #hasUpEnded = false;
  #hasDownEnded = false;

  /**
   * Takes the channel's bytes from now on; they wait, within its credit, until there is a socket. A connection on which no byte passes for
   * `idleMs` is given up.
   */
  constructor(channel: IncomingChannel, meter: EgressMeter, idleMs: number) {
    this.#idleMs = idleMs;
    this.#channel = channel;
    this.#meter = meter;
    channel.listen({
      onData: (_stream, payload) => {
        this.#queue.push(payload);
        this.#pumpUp();
      },
      onEnd: () => {
        this.#hasSandboxEnded = true;
        this.#pumpUp();
      },
      onCancel: () => this.#finish('cancelled'),
      onOver: () => this.#finish('cancelled'),
    });
  }

  /** Raised when nobody waits for this connection any more. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Carries bytes until both directions have ended or something else ends the tunnel; closes the socket and answers the channel. */
  carry(socket: Duplex): Promise<TunnelEnd> {
    if (this.#gone.signal.aborted) {
      socket.destroy();
      return this.#over.promise;
    }
    this.#socket = socket;
    this.#idle = setTimeout(() => this.#finish('idle'), this.#idleMs);
    socket.on('error', () => this.#finish('broken'));
    socket.on('close', () => {
      if (!socket.readableEnded || !socket.writableFinished) this.#finish('broken');
    });
    let down = Promise.resolve();
    socket.on('data', (chunk: Buffer) => {
      socket.pause();
      down = this.#sendDown(chunk).then(() => void socket.resume());
    });
    // Node reports the end of a paused socket at once, so it has to queue behind what is still on its way.
    socket.on('end', () => {
      down = down.then(() => {
        this.#hasDownEnded = true;
        this.#channel.channel.end(1);
        this.#finishIfDone();
      });
    });
    this.#channel.event({ connected: true });
    this.#pumpUp();
    return this.#over.promise;
  }

  async #sendDown(chunk: Buffer): Promise<void> {
    this.receivedBytes += chunk.length;
    this.#meter.counters.receivedBytes += chunk.length;
    await this.#channel.channel.write(1, chunk);
    this.#idle?.refresh();
    await this.#pace(chunk.length);
  }

  #pumpUp(): void {
    const socket = this.#socket;
    if (!socket || this.#isPumping || this.#gone.signal.aborted) return;
    if (this.#queue.length > 0) {
      this.#isPumping = true;
      void this.#sendUp(socket, this.#queue.take()).then(() => {
        this.#isPumping = false;
        this.#pumpUp();
      });
    } else if (this.#hasSandboxEnded && !this.#hasUpEnded) {
      this.#hasUpEnded = true;
      socket.end(() => this.#finishIfDone());
    }
  }

  async #sendUp(socket: Duplex, bytes: Buffer): Promise<void> {
    this.sentBytes += bytes.length;
    this.#meter.counters.sentBytes += bytes.length;
    const written = createDeferred<void>();
    socket.write(bytes, () => written.resolve());
    await written.promise;
    this.#idle?.refresh();
    await this.#pace(bytes.length);
    this.#channel.channel.consumed(bytes.length);
  }

  async #pace(bytes: number): Promise<void> {
    const waitMs = this.#meter.countBytes(bytes);
    if (this.#meter.isSpent) this.#finish('limit');
    if (waitMs > 0) await sleep(waitMs, undefined, { signal: this.#gone.signal }).catch(() => undefined);
  }

  #finishIfDone(): void {
    if (this.#hasUpEnded && this.#hasDownEnded && this.#socket?.writableFinished) this.#finish('done');
  }

  #finish(end: TunnelEnd): void {
    if (this.#gone.signal.aborted) return;
    this.#gone.abort();
    clearTimeout(this.#idle);
    this.#socket?.destroy();
    if (end === 'done') this.#channel.answer({});
    else if (end === 'limit')
      this.#channel.fail('limit', 'This sandbox has used all bytes that it may send and receive.');
    else if (end === 'idle') this.#channel.fail('timeout', `Nothing was sent for ${this.#idleMs / 1000} seconds.`);
    else if (end === 'cancelled') this.#channel.fail('cancelled', 'The connection was given up.');
    else this.#channel.fail('unreachable', 'The connection broke.');
    this.#over.resolve(end);
  }
}
