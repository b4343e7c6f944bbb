import { Duplex } from 'node:stream';
import { SandboxError } from '../../errors.ts';
import { Demux } from './demux.ts';
import { engineSilent } from './errors.ts';

/** What may wait in each direction before the other side is made to wait. */
const HIGH_WATER_BYTES = 256 * 1024;

type WriteDone = (error?: Error | null) => void;

/** A thin layer over the hijacked socket of an exec: stdin as it is, stdout without Docker's framing; 'stderr' says that there is more of that. */
export class ExecStream extends Duplex {
  readonly #socket: Duplex;
  readonly #demux = new Demux();

  constructor(socket: Duplex) {
    // The program's end ends both directions.
    super({ highWaterMark: HIGH_WATER_BYTES, allowHalfOpen: false });
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('end', () => this.#end());
    socket.on('error', (error) => this.destroy(engineSilent(error)));
    socket.on('close', () => this.#close());
  }

  /** The last 4 KiB of stderr so far. */
  get stderr(): string {
    return this.#demux.stderr;
  }

  override _read(): void {
    this.#socket.resume();
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
    this.#socket.destroy();
    done(error);
  }

  #receive(chunk: Buffer): void {
    try {
      const { stderrBytes } = this.#demux;
      const stdout = this.#demux.push(chunk);
      if (this.#demux.stderrBytes > stderrBytes) this.emit('stderr');
      if (stdout !== null && !this.push(stdout)) this.#socket.pause();
    } catch (error) {
      this.destroy(new SandboxError('unavailable', 'The Docker engine sent a malformed stream.', { cause: error }));
    }
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
    if (!this.#socket.readableEnded) this.destroy(engineSilent());
  }
}
