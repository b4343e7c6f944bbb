import type { Duplex } from 'node:stream';
import { z } from 'zod';
import { decodeJson, encodeJson, FRAME, type Frame, FrameDecoder } from '../../src/agent/wire/codec.ts';
import { encodeFrame } from '../support/frames.ts';
import { FakeChannel } from './fake-channel.ts';
import { FakeFailure, FakeFiles } from './fake-files.ts';
import { FakeProcesses } from './fake-processes.ts';
import { answerRun, echoRun, type RunScript } from './fake-run.ts';

const header = z.object({ secret: z.string(), hash: z.string(), source: z.int(), replace: z.boolean() });
const open = z.looseObject({ op: z.string() });
type Open = z.infer<typeof open>;

/** The agent's end of the protocol, over files in memory; lives as long as its sandbox, over many streams. */
export class FakeAgent {
  readonly files: FakeFiles;
  readonly #processes = new FakeProcesses();
  /** What a run does; the default echoes. */
  onRun: RunScript = echoRun;
  /** While true it takes everything and answers nothing, like an agent that hangs. */
  silent = false;
  /** The operations that it never answers. */
  readonly silentAbout = new Set<string>();
  /** What it does before an operation: waits, or throws how it fails that. */
  readonly before = new Map<string, () => unknown>();
  /** How it sends an archive; the default sends five bytes and their number. */
  onPack: (channel: FakeChannel) => Promise<unknown> = sendsFiveBytes;
  /** What it was asked for, in order. */
  readonly requests: Open[] = [];
  /** What it says of its memory and CPU; where null, as by default, it cannot see them. */
  onLoad: () => unknown = () => null;
  /** What its files take; where null, as by default, it counts none. */
  folderBytes: number | null = null;
  /** How many processes are to keep its sandbox awake, and how many contexts run. */
  onWork: () => unknown = () => ({ processes: 0, contexts: 0 });
  #isAlive = false;
  #stream: Duplex | undefined;

  constructor(files = new FakeFiles()) {
    this.files = files;
  }

  /** Takes a new stream from the server, in place of the one before. */
  accept(stream: Duplex): void {
    this.#stream?.end();
    this.#stream = stream;
    const channels = new Map<number, FakeChannel>();
    const handOver = new HandOver();
    const decoder = new FrameDecoder();
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => {
      const rest = handOver.push(chunk);
      if (rest === null) return;
      if (!handOver.isGreeted) this.#greet(stream, handOver);
      for (const frame of decoder.push(rest)) this.#dispatch(stream, channels, frame);
    });
    stream.once('close', () => {
      for (const channel of channels.values()) channel.cancel();
    });
  }

  /** Ends it, as a kill would: the stream ends; the next one meets a new agent. */
  die(): void {
    this.#isAlive = false;
    this.#processes.endAll();
    this.#stream?.end();
    this.#stream = undefined;
  }

  freeze(): void {
    this.#stream?.pause();
  }

  thaw(): void {
    this.#stream?.resume();
  }

  #greet(stream: Duplex, handOver: HandOver): void {
    handOver.isGreeted = true;
    if (this.silent) return;
    const resumed = this.#isAlive && !handOver.replace;
    this.#isAlive = true;
    const hello = { protocol: 1, hash: handOver.hash, pid: 7, boot: 'fake', python: '3.11.2', resumed };
    stream.write(encodeFrame(FRAME.HELLO, 0, 0, encodeJson(hello)));
  }

  #dispatch(stream: Duplex, channels: Map<number, FakeChannel>, frame: Frame): void {
    if (this.silent) return;
    const channel = channels.get(frame.channel);
    if (frame.type === FRAME.PING) stream.write(encodeFrame(FRAME.PONG, 0, 0, frame.payload));
    else if (frame.type === FRAME.OPEN) {
      const opened = new FakeChannel(frame.channel, (bytes) => {
        if (stream.writable) stream.write(bytes);
      });
      channels.set(frame.channel, opened);
      void this.#answer(opened, open.parse(decodeJson(frame.payload))).finally(() => channels.delete(frame.channel));
    } else if (frame.type === FRAME.DATA) channel?.receive(frame.payload);
    else if (frame.type === FRAME.END) channel?.receiveEnd();
    else if (frame.type === FRAME.CREDIT) channel?.receiveCredit(frame.payload.readUInt32BE(0));
    else if (frame.type === FRAME.CANCEL) channel?.cancel();
  }

  async #answer(channel: FakeChannel, request: Open): Promise<void> {
    const cancelled = new Promise<never>((_resolve, reject) => {
      const cancel = () => reject(new FakeFailure('cancelled', 'The call was cancelled.'));
      if (request.op !== 'run') channel.signal.addEventListener('abort', cancel, { once: true });
    });
    try {
      channel.finish(await Promise.race([this.#perform(channel, request), cancelled]));
    } catch (error) {
      if (error instanceof FakeFailure) channel.fail(error.code, error.message);
      else channel.fail('internal', String(error));
    }
  }

  async #perform(channel: FakeChannel, request: Open): Promise<unknown> {
    const { files } = this;
    this.requests.push(request);
    const at = (key: string) => files.resolve(request[key]);
    if (this.silentAbout.has(request.op)) return await new Promise(() => undefined);
    await this.before.get(request.op)?.();
    switch (request.op) {
      case 'run':
        return answerRun(channel, request, this.onRun);
      case 'stat':
        return files.stat(at('path'));
      case 'entry':
        return files.entry(at('path'));
      case 'list': {
        for (const entry of files.list(at('path'))) await channel.write(1, Buffer.from(`${JSON.stringify(entry)}\n`));
        return { next: null };
      }
      case 'read': {
        const { offset = 0, length = Number.MAX_SAFE_INTEGER } = range.parse(request);
        const bytes = files.read(at('path')).subarray(offset, offset + length);
        channel.event(files.stat(at('path')));
        await channel.write(1, bytes);
        return { bytes: bytes.length };
      }
      case 'write': {
        const bytes = await channel.body;
        const isShort = request.size !== undefined && request.size !== bytes.length;
        if (isShort) throw new FakeFailure('invalid', 'Not all bytes came.');
        const only = z.array(z.string()).optional().parse(request.only);
        if (only && !files.states(at('path')).some((state) => only.includes(state))) {
          throw new FakeFailure('changed', 'The file is not the one that was expected.');
        }
        return { bytes: bytes.length, created: files.write(at('path'), bytes) };
      }
      case 'remove':
        return { removed: files.remove(at('path'), request.recursive === true) };
      case 'mkdir':
        return { created: files.mkdir(at('path')), entry: files.entry(at('path')) };
      case 'move':
        files.move(at('from'), at('to'), request.overwrite === true);
        return { entry: files.entry(at('to')) };
      case 'unpack':
      case 'extract':
        if (request.encoding === 'klingon') throw new FakeFailure('unknown_encoding', 'There is no encoding.');
        return files.extract(at('path'), at('destination'));
      case 'pack':
        return await this.onPack(channel);
      case 'load': {
        const load = this.onLoad();
        if (load === null) throw new FakeFailure('unsupported', 'The sandbox does not see itself.');
        return load;
      }
      case 'usage':
        if (this.folderBytes === null) throw new FakeFailure('unsupported', 'The files are not counted.');
        return { bytes: this.folderBytes, entries: 1, complete: true };
      case 'awake':
        return this.onWork();
      case 'start':
        return await this.#processes.start(channel, request, this.onRun);
      case 'attach':
        return await this.#processes.attach(channel, request);
      case 'wait':
        return await this.#processes.wait(channel, request);
      case 'signal':
        return this.#processes.signal(request);
      case 'processes':
        return this.#processes.list();
      case 'contexts':
        return { contexts: [] };
      case 'context_interrupt':
      case 'context_delete':
        throw new FakeFailure('not_found', 'There is no such context.');
      default:
        throw new FakeFailure('unsupported', `The fake agent does not know ${request.op}.`);
    }
  }
}

async function sendsFiveBytes(channel: FakeChannel): Promise<unknown> {
  channel.event({ bytes: 5 });
  await channel.write(1, Buffer.from('bytes'));
  return { entries: 1, bytes: 5 };
}

const range = z.looseObject({ offset: z.int().optional(), length: z.int().optional() });

/** Reads what comes before the frames: the header and the agent's source. */
class HandOver {
  isGreeted = false;
  hash = '';
  replace = false;
  #before = Buffer.alloc(0);
  #isDone = false;

  /** The bytes that belong to frames; null while the hand-over is not complete. */
  push(chunk: Buffer): Buffer | null {
    if (this.#isDone) return chunk;
    this.#before = Buffer.concat([this.#before, chunk]);
    const newline = this.#before.indexOf('\n');
    if (newline < 0) return null;
    const begin = newline + 1 + Number(this.#before.subarray(0, newline).toString());
    if (this.#before.length < begin) return null;
    const { source, hash, replace } = header.parse(JSON.parse(this.#before.subarray(newline + 1, begin).toString()));
    const end = begin + source;
    if (this.#before.length < end) return null;
    this.hash = hash;
    this.replace = replace;
    this.#isDone = true;
    return this.#before.subarray(end);
  }
}
