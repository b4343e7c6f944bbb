/** The closed set of ways in which a request can fail; each dialect renders them where its clients read them. */
const ERROR_KINDS = [
  'invalid',
  'unauthorized',
  'forbidden',
  'not_found',
  'conflict',
  'precondition',
  'too_large',
  'too_many',
  'limit',
  'timeout',
  'stalled',
  'no_space',
  'unavailable',
  'unreachable',
  'unsupported',
  'internal',
] as const;

/** What is wrong, of which a dialect makes a status. */
export type ErrorKind = (typeof ERROR_KINDS)[number];

/** What a client does better than it did; dialects that have a way for it name that. */
export type Remedy = 'stream_upload' | 'stream_download';

interface SandboxErrorOptions {
  readonly cause?: unknown;
  /** How long a client does well to wait before it asks again, in seconds. */
  readonly retryAfterSeconds?: number;
  readonly remedy?: Remedy;
  /** The field of the request that is wrong. */
  readonly field?: string | undefined;
  /** Ids of sandboxes that are deleted and keep files, where those are in the way. */
  readonly keptIds?: readonly string[];
  /** How many bytes were taken of what was sent, where the rest was not. */
  readonly written?: number;
}

/** An error with a kind and a sentence that a person can act on. */
export class SandboxError extends Error {
  override readonly name: string = 'SandboxError';
  readonly kind: ErrorKind;
  readonly retryAfterSeconds: number | undefined;
  readonly remedy: Remedy | undefined;
  readonly keptIds: readonly string[] | undefined;
  readonly field: string | undefined;
  readonly written: number | undefined;

  constructor(kind: ErrorKind, message: string, options: SandboxErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.remedy = options.remedy;
    this.keptIds = options.keptIds;
    this.field = options.field;
    this.written = options.written;
  }
}

/** True for a SandboxError, of the given kind if one is named. */
export function isSandboxError(error: unknown, kind?: ErrorKind): error is SandboxError {
  return error instanceof SandboxError && (kind === undefined || error.kind === kind);
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** True for an error of the system with this code, such as ENOENT. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** True where a file of the kernel's is gone with what it tells of: its name, or for who has it open what was behind it. */
export function isKernelFileGone(error: unknown): boolean {
  return hasCode(error, 'ENOENT') || hasCode(error, 'ENODEV');
}
