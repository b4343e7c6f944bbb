import { request } from 'node:http';
import { basename } from 'node:path';
import { text } from 'node:stream/consumers';
import { isSandboxError, SandboxError } from '../base/errors.ts';
import type { EngineUser } from '../engines/engine.ts';
import type { DiskFolders, DiskRoom, DiskUsage, GrowingDisk, ImageFile, OpenOptions } from './base/disk.ts';
import { toFolders } from './loop-disk.ts';
import { failureSchema, mountedSchema, readySchema, roomSchema, usageSchema } from './service-schemas.ts';

/** The longest that the service's own deadlines let it take: a check after a crash, growing, and giving away all files. */
const OPEN_MS = 960_000;

const CLOSE_MS = 180_000;

const QUERY_MS = 10_000;

/** One disk after the other, each of which may have much that is only in memory. */
const FLUSH_MS = 600_000;

/** How much later than its own deadline the service may answer. */
const MARGIN_MS = 2_000;

/** How long a service may take to be there, and to try its first disk. */
const READY_MS = 15_000;

const ASK_AGAIN_MS = 200;

/** The disks that a disk service opens, which listens on this Unix socket; this process need not be able to mount. */
export class ServiceDisk implements GrowingDisk {
  readonly #socket: string;
  readonly #sizeBytes: number;

  constructor(socket: string, sizeBytes: number) {
    this.#socket = socket;
    this.#sizeBytes = sizeBytes;
  }

  /** Why the service can mount nothing, as the end of a sentence; null where it can. Waits for a service that is just starting. */
  async whyNotMount(): Promise<string | null> {
    const deadline = performance.now() + READY_MS;
    for (;;) {
      try {
        return readySchema.parse(await this.#ask('/ready', {}, READY_MS)).reason;
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
      }
    }
  }

  async open(folder: string, owner: EngineUser, options: OpenOptions = {}): Promise<DiskFolders> {
    const { sizeBytes = this.#sizeBytes, isShared = false, holder } = options;
    const asked = { ...(isShared ? { isShared } : {}), ...(holder === undefined ? {} : { holder }) };
    const body = { name: basename(folder), sizeBytes, owner, ...asked };
    await this.#ask('/open', body, OPEN_MS);
    return toFolders(folder);
  }

  async close(folder: string): Promise<void> {
    await this.#ask('/close', { name: basename(folder) }, CLOSE_MS);
  }

  /** As the interface says; null also while the service is away, which is no reason to say nothing else of a sandbox. */
  async usage(folder: string): Promise<DiskUsage | null> {
    try {
      return usageSchema.parse(await this.#ask('/usage', { name: basename(folder) }, QUERY_MS));
    } catch (error) {
      if (isSandboxError(error, 'unavailable')) return null;
      throw error;
    }
  }

  async mounted(): Promise<string[]> {
    return mountedSchema.parse(await this.#ask('/mounted', {}, QUERY_MS)).names;
  }

  async shareRoom(_dataDir: string, keepBytes: number): Promise<DiskRoom> {
    return roomSchema.parse(await this.#ask('/share-room', { keepBytes }, QUERY_MS));
  }

  async flush(): Promise<void> {
    await this.#ask('/flush', {}, FLUSH_MS);
  }

  async flushDisk(folder: string, deadlineMs: number): Promise<void> {
    const mostMs = Math.max(1, Math.ceil(deadlineMs));
    await this.#ask('/flush-disk', { name: basename(folder), deadlineMs: mostMs }, mostMs + MARGIN_MS);
  }

  async copyImage(from: ImageFile, to: ImageFile, deadlineMs: number): Promise<void> {
    const mostMs = Math.max(1, Math.ceil(deadlineMs));
    await this.#ask('/copy', { from: toNamed(from), to: toNamed(to), deadlineMs: mostMs }, mostMs + MARGIN_MS);
  }

  async settleImage(image: ImageFile): Promise<void> {
    await this.#ask('/settle', toNamed(image), OPEN_MS);
  }

  async #ask(path: string, body: object, deadlineMs: number): Promise<unknown> {
    const answer = await post(this.#socket, path, body, deadlineMs).catch((cause: unknown) => {
      const sentence = 'The disk service does not answer; the operator must look at SANDBOX_DISK_SERVICE.';
      throw new SandboxError('unavailable', sentence, { cause, retryAfterSeconds: 2 });
    });
    if (answer.status < 400) return answer.body;
    const { kind, error } = failureSchema.parse(answer.body);
    throw new SandboxError(kind === 'no_space' ? 'no_space' : 'unavailable', error);
  }
}

function toNamed({ folder, file }: ImageFile): { name: string; file: string } {
  return { name: basename(folder), file };
}

interface ServiceAnswer {
  readonly status: number;
  readonly body: unknown;
}

function post(socketPath: string, path: string, body: object, deadlineMs: number): Promise<ServiceAnswer> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const options = {
      socketPath,
      path,
      method: 'POST',
      headers,
      signal: AbortSignal.timeout(deadlineMs),
      agent: false,
    };
    const asked = request(options, (response) => {
      text(response)
        .then((said) => resolve({ status: response.statusCode ?? 0, body: said === '' ? null : JSON.parse(said) }))
        .catch(reject);
    });
    asked.on('error', reject);
    asked.end(JSON.stringify(body));
  });
}
