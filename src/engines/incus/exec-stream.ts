import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { createDeferred } from '../../async/deferred.ts';
import { MAX_STDERR_BYTES, tooMuchStderr } from '../exec-stderr.ts';
import { engineSilent } from './errors.ts';

/** What may wait in each direction before the other side is made to wait. */
const HIGH_WATER_BYTES = 256 * 1024;

/** Chunks are joined up to this size, so that a header and its payload are one message. */
const JOINED_BYTES = 64 * 1024;

const STDERR_TAIL_BYTES = 4096;

type WriteDone = (error?: Error | null) => void;

/** The four websockets of a program: Incus ends the program where `control` is closed. */
export interface ExecSockets {
  readonly stdin: WebSocket;
  readonly stdout: WebSocket;
  readonly stderr: WebSocket;
  readonly control: WebSocket;
}

/** A program's stdin and stdout as one stream; 'stderr' says that there is more of that. Destroying it ends the program. */
export class ExecStream extends Duplex {
  readonly #sockets: ExecSockets;
  readonly #open: Promise<unknown>;
  readonly #over = createDeferred<void>();
  #stderr = Buffer.alloc(0);
  #stderrBytes = 0;
  /** Of stdout and stderr, those that Incus has not ended: what is on one may arrive after the other's end. */
  readonly #unended = new Set<WebSocket>();

  /** Takes sockets that were just made: what they say may come before they are open. */
  constructor(sockets: ExecSockets) {
    // The program's end ends both directions.
    super({ highWaterMark: HIGH_WATER_BYTES, allowHalfOpen: false });
    this.#sockets = sockets;
    const { stdin, stdout, stderr, control } = sockets;
    this.#open = Promise.all(Object.values(sockets).map(opened));
    this.#open.catch(() => undefined);
    stdout.on('close', (code: number) => this.#closed(code));
    for (const socket of [stdout, stderr]) {
      this.#unended.add(socket);
      socket.on('close', () => this.#endOf(socket));
    }
    stdout.on('message', (data: Buffer, isBinary: boolean) => this.#receive(data, isBinary));
    stderr.on('message', (data: Buffer, isBinary: boolean) => this.#note(data, isBinary));
    control.on('close', () => this.#over.resolve());
    for (const socket of [stdin, stdout, stderr, control]) socket.on('error', () => undefined);
  }

  /** Resolves once all is open; rejects where Incus does not take the sockets. */
  async whenOpen(): Promise<void> {
    await this.#open;
  }

  /** Resolves once the program has ended, its output is lost, or the stream was destroyed. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** The last 4 KiB of stderr so far. */
  get stderr(): string {
    return this.#stderr.toString();
  }

  override _read(): void {
    this.#sockets.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: WriteDone): void {
    this.#send(chunk, done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: WriteDone): void {
    const total = chunks.reduce((sum, { chunk }) => sum + chunk.length, 0);
    if (total <= JOINED_BYTES) {
      this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
      return;
    }
    const last = chunks.length - 1;
    for (const [index, { chunk }] of chunks.entries()) this.#send(chunk, index < last ? () => undefined : done);
  }

  /** Incus takes an empty message of text for the end of stdin. */
  override _final(done: WriteDone): void {
    this.#sockets.stdin.send('', { binary: false }, () => done());
  }

  override _destroy(error: Error | null, done: WriteDone): void {
    const { stdin, stdout, stderr, control } = this.#sockets;
    for (const socket of [stdin, stdout, stderr]) socket.terminate();
    control.close();
    this.#over.resolve();
    done(error);
  }

  #send(chunk: Buffer, done: WriteDone): void {
    // A program that has ended reads no more: no error, as what it wrote may still wait to be read here.
    this.#sockets.stdin.send(chunk, { binary: true }, () => done());
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (!isBinary) this.#endOf(this.#sockets.stdout);
    else if (!this.destroyed && !this.push(data)) this.#sockets.stdout.pause();
  }

  #note(data: Buffer, isBinary: boolean): void {
    if (!isBinary) this.#endOf(this.#sockets.stderr);
    if (!isBinary || this.destroyed) return;
    this.#stderrBytes += data.length;
    this.#stderr = Buffer.concat([this.#stderr, data]).subarray(-STDERR_TAIL_BYTES);
    this.emit('stderr');
    if (this.#stderrBytes > MAX_STDERR_BYTES) this.destroy(tooMuchStderr());
  }

  #endOf(socket: WebSocket): void {
    if (this.#unended.delete(socket) && this.#unended.size === 0 && !this.destroyed) this.push(null);
  }

  /** A socket of Incus that breaks has not said that its program's output is over. */
  #closed(code: number): void {
    this.#over.resolve();
    const isMeant = code === 1000 || code === 1005;
    if (!isMeant && this.#unended.has(this.#sockets.stdout)) this.destroy(engineSilent());
  }
}

function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve());
    socket.once('error', (error) => reject(engineSilent(error)));
    socket.once('close', () => reject(engineSilent()));
  });
}
