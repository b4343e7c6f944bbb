import type { webcrypto } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import type { Clock } from '../../async/clock.ts';
import type { CertificateQuestion, CertificateTask, LeafRequest } from './certificate-program.cjs';

/** How long one certificate may take, the start of the thread with its libraries included, in milliseconds. */
const ISSUE_MS = 20_000;

/** A thread that nobody asks anything for so long ends, in milliseconds. */
const IDLE_MS = 60_000;

/** Memory of the thread, in MiB. */
const HEAP_MIB = 128;

const answerSchema = z.object({ id: z.int(), pem: z.string().nullable() });

const PROGRAM = new URL('./certificate-program.cjs', import.meta.url);

interface Waiting {
  resolve(pem: string): void;
  reject(error: Error): void;
}

/** Issues certificates beside the event loop, in a thread that is there while somebody needs some. */
export class CertificateThread {
  readonly #key: webcrypto.JsonWebKey;
  readonly #clock: Clock;
  #worker: Worker | null = null;
  #idle: NodeJS.Timeout | undefined;
  #lastId = 0;
  readonly #waiting = new Map<number, Waiting>();

  /** `key` is the private key of the authority, on P-256. */
  constructor(key: webcrypto.JsonWebKey, clock: Clock) {
    this.#key = key;
    this.#clock = clock;
  }

  /** The certificate of the authority itself, in PEM. */
  async root(): Promise<string> {
    return await this.#ask(null);
  }

  /** The certificate of a host, in PEM. */
  async leaf(request: LeafRequest): Promise<string> {
    return await this.#ask(request);
  }

  async #ask(leaf: LeafRequest | null): Promise<string> {
    const worker = this.#worker ?? this.#start();
    this.#lastId += 1;
    const id = this.#lastId;
    clearTimeout(this.#idle);
    const timer = setTimeout(() => this.#fail(worker, new Error('A certificate was not issued in time.')), ISSUE_MS);
    try {
      return await new Promise<string>((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject });
        worker.postMessage({ id, nowMs: this.#clock.wallMs(), leaf } satisfies CertificateQuestion);
      });
    } finally {
      clearTimeout(timer);
      if (this.#waiting.size === 0) {
        this.#idle = setTimeout(() => this.#fail(worker, new Error('Nobody needs it.')), IDLE_MS).unref();
      }
    }
  }

  #start(): Worker {
    const workerData = { authorityKey: this.#key } satisfies CertificateTask;
    const resourceLimits = { maxOldGenerationSizeMb: HEAP_MIB };
    const worker = new Worker(PROGRAM, { workerData, resourceLimits, env: {}, execArgv: [] });
    worker.unref();
    worker.on('message', (answer: unknown) => {
      const { id, pem } = answerSchema.parse(answer);
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (pem === null) waiting?.reject(new Error('A certificate could not be issued.'));
      else waiting?.resolve(pem);
    });
    worker.on('error', (error) => this.#fail(worker, error));
    worker.on('exit', () => this.#fail(worker, new Error('The thread that issues certificates has ended.')));
    this.#worker = worker;
    return worker;
  }

  #fail(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    void worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
