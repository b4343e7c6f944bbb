import { Duplex } from 'node:stream';
import { createDeferred } from '../../async/deferred.ts';
import { SandboxError } from '../../base/errors.ts';
import { MAX_STDERR_BYTES, tooMuchStderr } from '../exec-stderr.ts';
import { Demux } from './demux.ts';
import { engineSilent } from './errors.ts';
import { ReadBudget } from './read-budget.ts';

/** What may wait in each direction before the other side is made to wait. */
const HIGH_WATER_BYTES = 256 * 1024;

/** What is still read of a program after the stream was destroyed, so that the end of one that had not much left to say is seen. */
const MAX_REST_BYTES = 1_048_576;

type WriteDone = (error?: Error | null) => void;

/**
 * A thin layer over the hijacked socket of an exec: stdin as it is, stdout without Docker's framing; 'stderr' says that there is more of
 * that. A socket that is closed while the program writes costs the engine a core, in nobody's account: it copies and throws away. So the
 * socket outlives the stream, unread, until the program has ended.
 */
export class ExecStream extends Duplex {
  readonly #socket: Duplex;
  readonly #demux = new Demux();
  readonly #closed = createDeferred<void>();
  readonly #budget = new ReadBudget();
  #isFull = false;
  #rest: NodeJS.Timeout | undefined;
  #restBytes = 0;
  #isAbandoned = false;

  constructor(socket: Duplex) {
    // The program's end ends both directions.
    super({ highWaterMark: HIGH_WATER_BYTES, allowHalfOpen: false });
    this.#socket = socket;
    socket.on('data', this.#receive);
    socket.on('end', () => this.#end());
    socket.on('error', (error) => this.destroy(engineSilent(error)));
    socket.on('close', () => this.#close());
  }

  /** The last 4 KiB of stderr so far. */
  get stderr(): string {
    return this.#demux.stderr;
  }

  /** Resolves once the engine has closed the socket; never where it was abandoned before. */
  get closedByEngine(): Promise<void> {
    return this.#closed.promise;
  }

  /** Calls back once the socket is closed, by whomever. */
  onSocketClose(listener: () => void): void {
    this.#socket.once('close', listener);
  }

  /** True where the stream was destroyed and the program writes on, unread. */
  get isHeldBack(): boolean {
    return this.#restBytes > MAX_REST_BYTES;
  }

  /** Closes the socket, whatever the program does. */
  abandon(): void {
    this.destroy();
    this.#isAbandoned = true;
    this.#socket.destroy();
  }

  override _read(): void {
    this.#isFull = false;
    this.#readOn();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: WriteDone): void {
    this.#socket.write(chunk, (error) => this.#written(error, done));
  }

  /** What has gathered while a write was under way goes out in one system call, without a copy. */
  override _writev(chunks: { chunk: Buffer }[], done: WriteDone): void {
    const last = chunks.length - 1;
    this.#socket.cork();
    chunks.forEach(({ chunk }, index) => {
      if (index < last) this.#socket.write(chunk);
      else this.#socket.write(chunk, (error) => this.#written(error, done));
    });
    this.#socket.uncork();
  }

  override _final(done: WriteDone): void {
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: WriteDone): void {
    clearTimeout(this.#rest);
    this.#hangUp();
    done(error);
  }

  #hangUp(): void {
    if (this.#socket.destroyed) return;
    this.#socket.off('data', this.#receive);
    this.#socket.on('data', (chunk: Buffer) => {
      this.#restBytes += chunk.length;
      if (this.isHeldBack) this.#socket.pause();
    });
    this.#socket.resume();
    this.#socket.end();
  }

  readonly #receive = (chunk: Buffer): void => {
    try {
      const { stderrBytes, smallFrames } = this.#demux;
      const stdout = this.#demux.push(chunk);
      if (this.#demux.stderrBytes > stderrBytes) this.emit('stderr');
      if (this.#demux.stderrBytes > MAX_STDERR_BYTES) this.destroy(tooMuchStderr());
      if (this.destroyed) return;
      if (stdout !== null && !this.push(stdout)) this.#isFull = true;
      const restMs = this.#budget.spend(this.#demux.smallFrames - smallFrames, performance.now());
      if (restMs > 0) this.#pauseFor(restMs);
      else if (this.#isFull) this.#socket.pause();
    } catch (error) {
      this.destroy(new SandboxError('unavailable', 'The Docker engine sent a malformed stream.', { cause: error }));
    }
  };

  #pauseFor(milliseconds: number): void {
    this.#socket.pause();
    this.#rest ??= setTimeout(() => {
      this.#rest = undefined;
      this.#readOn();
    }, milliseconds);
  }

  #readOn(): void {
    if (!this.#isFull && this.#rest === undefined) this.#socket.resume();
  }

  #end(): void {
    if (this.#demux.isAtBoundary) this.push(null);
    else this.destroy(engineSilent());
  }

  /** A program that has ended reads no more: no error, as what it wrote may still wait to be read here. */
  #written(error: Error | null | undefined, done: WriteDone): void {
    done(error && !this.#socket.readableEnded ? engineSilent(error) : null);
  }

  #close(): void {
    if (!this.#isAbandoned) this.#closed.resolve();
    if (!this.#socket.readableEnded) this.destroy(engineSilent());
  }
}
