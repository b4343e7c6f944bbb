import type { ProcessFrame } from '../agent/calls/frame-inbox.ts';
import { wholeCharactersStart } from '../agent/calls/output-capture.ts';
import type { ProcessEnd, ProcessFacts } from '../agent/calls/processes.ts';
import { ByteQueue } from '../async/byte-queue.ts';
import { type Execution, exitCodeOf, noticeOf } from './executions.ts';
import { type ProcessAbout, toKeptProcess } from './kept-process.ts';
import { NOTHING_SHOWN, parseShownLine, type ShownLine } from './results.ts';

/** What a process says of itself, with numbers that rise by one from 1. */
export type ProcessEvent = { readonly id: number } & (
  | {
      readonly type: 'start';
      readonly processId: number;
      readonly pid: number | null;
      readonly startedAtMs: number;
      /** Of a cell: which one of its context it will be, as far as is known before. */
      readonly cellNumber?: number | undefined;
    }
  | { readonly type: 'stdout' | 'stderr'; readonly text: string; readonly bytes: Buffer }
  /** The reader is connected, and what it knows already is not told again; it has no number. */
  | { readonly type: 'opened' }
  /** What was lost to a reader that came late or was slow; the next event has this id. */
  | { readonly type: 'gap'; readonly bytes: number }
  /** What code shows: a line of JSON as it came, and what it says; null where it is too long or no such line. */
  | { readonly type: 'shown'; readonly line: string; readonly shown: ShownLine | null }
  | {
      readonly type: 'exit';
      /** Its outputs and results have been told before. */
      readonly execution: Execution;
      readonly lastLine: string;
      readonly cell: CellEnd | null;
      /** True for code in a language, which can have results. */
      readonly isCode: boolean;
    }
);

/** What only the end of a cell has. */
interface CellEnd {
  readonly executionCount: number;
  readonly isRestarted: boolean;
}

/** The longest event that is shown, in bytes: a picture of 5 MB in base64, and what is around it. */
const MAX_SHOWN_BYTES = 9 * 2 ** 20;

/** Of the last line of stderr. */
const MAX_LINE_BYTES = 4096;

/** Turns the frames of a kept process into events. Pieces of output are whole characters; what is no UTF-8 becomes U+FFFD. */
export class EventReader {
  readonly #memoryLimitBytes: number;
  readonly #after: number;
  #next = 1;
  /** All bytes of the process that were told, or are told as missed. */
  #toldBytes = 0;
  #kind: ProcessAbout['kind'] | undefined;
  #line = '';
  readonly #shown = new ByteQueue();
  #shownBytes = 0;
  /** True where something that was shown could not be told. */
  #isCut = false;

  /** Frames of a process of so much memory, for one who knows the events up to `after`. */
  constructor(memoryLimitBytes: number, after = 0) {
    this.#memoryLimitBytes = memoryLimitBytes;
    this.#after = after;
  }

  /** True once it has been told what process the frames are of. */
  get hasBegun(): boolean {
    return this.#kind !== undefined;
  }

  /** The events that a frame stands for, in order. */
  *read(frame: ProcessFrame): Generator<ProcessEvent> {
    switch (frame.kind) {
      case 'opening': {
        this.#kind = toKeptProcess(frame.facts).kind;
        if (frame.next > this.#after + 1) yield this.#gap(frame.next, frame.lostBytes);
        this.#next = frame.next;
        this.#toldBytes = frame.offsetBytes;
        if (this.#next === 1) yield this.#start(frame.facts);
        else yield { id: this.#next - 1, type: 'opened' };
        return;
      }
      case 'gap':
        yield this.#gap(frame.next, frame.lostBytes - this.#toldBytes);
        this.#next = frame.next;
        this.#toldBytes = frame.lostBytes;
        return;
      case 'output': {
        const text = frame.bytes.toString('utf8');
        this.#toldBytes += frame.bytes.length;
        if (frame.stream === 'stderr') this.#line = lastLine(this.#line + text);
        yield { id: this.#take(), type: frame.stream, text, bytes: frame.bytes };
        return;
      }
      case 'part':
        this.#shownBytes += frame.bytes.length;
        if (this.#shownBytes <= MAX_SHOWN_BYTES) this.#shown.push(frame.bytes);
        return;
      case 'shown': {
        this.#toldBytes += this.#shownBytes;
        const line = this.#shown.take().toString('utf8');
        this.#shownBytes = 0;
        const shown = parseShownLine(line);
        if (shown === null) this.#isCut = true;
        yield { id: this.#take(), type: 'shown', line, shown };
        return;
      }
      case 'end':
        this.#next = frame.id;
        yield this.#exit(toExecution(frame.end, this.#memoryLimitBytes, this.#isCut), toCellEnd(frame.end));
    }
  }

  /** The event of an end that the frames did not tell, since the sandbox is lost. */
  end(execution: Execution): ProcessEvent {
    return this.#exit(execution, { executionCount: 0, isRestarted: true });
  }

  #exit(execution: Execution, cellEnd: CellEnd | null): ProcessEvent {
    const isCode = this.#kind === 'code' || this.#kind === 'context';
    const cell = this.#kind === 'context' ? cellEnd : null;
    return { id: this.#take(), type: 'exit', execution, lastLine: this.#line.trim(), cell, isCode };
  }

  #start({ id, pid, startedAtMs, cellNumber }: ProcessFacts): ProcessEvent {
    return { id: this.#take(), type: 'start', processId: id, pid, startedAtMs, cellNumber };
  }

  #gap(id: number, bytes: number): ProcessEvent {
    return { id, type: 'gap', bytes };
  }

  #take(): number {
    this.#next += 1;
    return this.#next - 1;
  }
}

/** The last line of a text that is not empty, with what follows it. */
function lastLine(text: string): string {
  const end = text.trimEnd().length;
  const begin = text.lastIndexOf('\n', end - 1) + 1;
  // A character has a byte or more.
  const bytes = Buffer.from(text.slice(begin).slice(-MAX_LINE_BYTES)).subarray(-MAX_LINE_BYTES);
  return bytes.toString('utf8', wholeCharactersStart(bytes));
}

function toCellEnd(end: ProcessEnd): CellEnd | null {
  // It did not run.
  if ('failure' in end) return { executionCount: 0, isRestarted: false };
  if (end.executionCount === undefined) return null;
  const { executionCount, restarted = false } = end;
  return { executionCount, isRestarted: restarted };
}

/** How a kept process ended, as an execution whose outputs were read elsewhere. */
function toExecution(end: ProcessEnd, memoryLimitBytes: number, isCut: boolean): Execution {
  const common = { stdout: '', stderr: '', truncated: false, exitCode: exitCodeOf(end), memoryLimitBytes };
  if ('failure' in end) {
    const { message } = end.failure;
    const shown = NOTHING_SHOWN;
    return {
      ...common,
      durationMs: 0,
      timedOut: false,
      oomKilled: false,
      signal: null,
      notice: message,
      shown,
      files: null,
    };
  }
  const { durationMs, timedOut, oomKilled, signal, files = null } = end;
  const notice = noticeOf(end, end.stderr.bytes === 0);
  const shown = { results: [], isTruncated: isCut || (end.shownCut ?? false), exception: end.exception ?? null };
  return { ...common, durationMs, timedOut, oomKilled, signal, notice, shown, files };
}
