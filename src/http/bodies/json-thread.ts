import { Worker } from 'node:worker_threads';
import { errorCodes } from 'fastify';
import { z } from 'zod';
import { SandboxError } from '../../base/errors.ts';
import { HttpError } from '../errors/http-error.ts';
import type { JsonTask } from './json-program.cjs';

/** How long one body may take, in milliseconds: JSON of that size and of a reasonable shape takes a tenth of it. */
const PARSE_MS = 10_000;

/** Lists, objects and their members: a body this large is a few long texts, not millions of small values. */
const MAX_VALUES = 100_000;

const MAX_THREADS = 2;

const MAX_WAITING = 64;

/** Memory of the thread, in MiB; what needs more ends the thread and not the server. */
const HEAP_MIB = 768;

const answerSchema = z.object({ value: z.unknown(), problem: z.enum(['encoding', 'invalid', 'values']).nullable() });

const PROGRAM = new URL('./json-program.cjs', import.meta.url);

/** Parses large JSON beside the event loop, a thread for each text and two at a time. */
export class JsonThreads {
  readonly #running = new Set<Worker>();
  readonly #waiting: (() => void)[] = [];
  #taken = 0;

  /** The value of a JSON text in UTF-8, whose bytes are the thread's from then on; throws an HttpError where it is not UTF-8, Fastify's error for invalid JSON, `too_large` or `limit`. */
  async parse(bytes: Uint8Array<ArrayBuffer>): Promise<unknown> {
    await this.#enter();
    const isWhole = bytes.byteLength === bytes.buffer.byteLength;
    const owned = isWhole ? bytes : bytes.slice();
    const worker = new Worker(PROGRAM, {
      env: {},
      execArgv: [],
      workerData: { bytes: owned, maxValues: MAX_VALUES } satisfies JsonTask,
      transferList: [owned.buffer],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
    });
    this.#running.add(worker);
    worker.once('exit', () => {
      this.#running.delete(worker);
      this.#leave();
    });
    try {
      return await valueFrom(worker);
    } finally {
      // Not waited for: a thread ends only between two steps of its program, and one step may be the whole text.
      void worker.terminate();
    }
  }

  /** Ends what runs. */
  async close(): Promise<void> {
    await Promise.all([...this.#running].map((worker) => worker.terminate()));
  }

  async #enter(): Promise<void> {
    if (this.#taken < MAX_THREADS) {
      this.#taken += 1;
      return;
    }
    if (this.#waiting.length >= MAX_WAITING) {
      throw new SandboxError('limit', 'Too many large bodies came at the same time; try again in a moment.', {
        retryAfterSeconds: 2,
      });
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#taken -= 1;
  }
}

async function valueFrom(worker: Worker): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const answer = await new Promise<unknown>((resolve, reject) => {
      timer = setTimeout(() => reject(tooLarge()), PARSE_MS);
      worker.once('message', resolve);
      worker.on('error', (cause) => reject(tooLarge(cause)));
      worker.once('exit', () => reject(tooLarge()));
    });
    const { value, problem } = answerSchema.parse(answer);
    if (problem === 'values') throw tooLarge();
    if (problem === 'encoding') throw notUtf8();
    if (problem === 'invalid') throw new errorCodes.FST_ERR_CTP_INVALID_JSON_BODY();
    return value;
  } finally {
    clearTimeout(timer);
  }
}

/** Bytes of which some would be stored as U+FFFD. RFC 8259, section 8.1. */
export function notUtf8(): HttpError {
  return new HttpError(400, 'The body is not valid UTF-8; send JSON in UTF-8.');
}

function tooLarge(cause?: unknown): SandboxError {
  const sentence = 'The body holds too many values for JSON of this size.';
  return new SandboxError('too_large', sentence, { cause, remedy: 'stream_upload' });
}
