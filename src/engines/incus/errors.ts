import { type ErrorKind, isSandboxError, SandboxError } from '../../base/errors.ts';

/** What Incus refused: most of it as status 500, so that the words have to tell. */
export class IncusRefusal extends Error {
  override readonly name = 'IncusRefusal';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What is the case where Incus refuses something with these words (6.0 to 7.0). */
const MEANINGS = [
  ['is-running', /instance is already running/i],
  ['is-stopped', /instance is already stopped/i],
  ['is-frozen', /already frozen|instance is frozen/i],
  ['not-running', /is(?: not|n't) running|failed to retrieve PID/i],
  ['name-taken', /UNIQUE constraint failed: instances|already exists/i],
  [
    'no-image',
    /image not provided|image (?:alias )?not found|requested image couldn't be found|alias '.*' doesn't exist/i,
  ],
  ['no-source', /missing source path/i],
  ['no-program', /command not found/i],
  ['not-executable', /command not executable/i],
  ['no-space', /no space left on device|disk quota exceeded/i],
  ['not-found', /(?:instance|project|operation) not found|no such object/i],
  ['is-ending', /shutting down/i],
  ['busy', /instance is busy|still in use|is running|in progress|matching non-reusable operation/i],
] as const;

const MEANING_OF: ReadonlyMap<number, Meaning> = new Map([
  [403, 'not-allowed'],
  [404, 'not-found'],
]);

/** What a refusal means, as far as it matters here. */
export type Meaning = (typeof MEANINGS)[number][0] | 'not-allowed';

/** What a refusal of Incus means; undefined for other errors, and for words that nobody here knows. */
export function meaningOf(error: unknown): Meaning | undefined {
  if (isSandboxError(error)) return meaningOf(error.cause);
  if (!(error instanceof IncusRefusal)) return undefined;
  const known = MEANINGS.find(([, words]) => words.test(error.message))?.[0];
  return known ?? MEANING_OF.get(error.status);
}

/** True where a call did not reach Incus, or reached one that is about to end. */
export function isAway(error: unknown): boolean {
  if (!isSandboxError(error, 'unavailable')) return false;
  return !(error.cause instanceof IncusRefusal) || meaningOf(error) === 'is-ending';
}

const KIND_OF: Readonly<Partial<Record<Meaning, ErrorKind>>> = {
  'is-running': 'conflict',
  'is-stopped': 'conflict',
  'is-frozen': 'conflict',
  'not-running': 'conflict',
  'name-taken': 'conflict',
  'no-image': 'invalid',
  'no-source': 'invalid',
  'no-space': 'no_space',
  'not-found': 'not_found',
  'not-allowed': 'unavailable',
  'is-ending': 'unavailable',
  busy: 'conflict',
};

/** What a call was about; completes "Incus could not …". */
export function toSandboxError(
  error: unknown,
  doing: string,
  silent: (cause: unknown) => SandboxError = engineSilent,
): SandboxError {
  if (isSandboxError(error)) return error;
  if (!(error instanceof IncusRefusal)) return silent(error);
  const meaning = meaningOf(error);
  const kind =
    meaning === undefined ? (error.status === 400 ? 'invalid' : 'unavailable') : (KIND_OF[meaning] ?? 'conflict');
  return new SandboxError(kind, `Incus could not ${doing}: ${error.message}`, { cause: error });
}

/** The error of a call to an Incus at a URL, on another machine, that does not answer. */
export function farSilent(url: string, cause?: unknown): SandboxError {
  return new SandboxError('unavailable', `The Incus at ${url} does not answer.`, { cause, retryAfterSeconds: 2 });
}

/** The error of a call that never reached Incus, or whose connection broke. */
export function engineSilent(cause?: unknown): SandboxError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return new SandboxError('unavailable', SILENCE_OF.get(code) ?? SILENCE, { cause });
}

const SILENCE = 'Incus does not answer: check that incusd runs and that the server may use its socket.';

const SILENCE_OF: ReadonlyMap<unknown, string> = new Map([
  ['EACCES', "Permission denied: the server may not use Incus' socket; run the server as root."],
  ['EPERM', "Permission denied: the server may not use Incus' socket; run the server as root."],
  [
    'ENOENT',
    'No Incus is where the server looks for its socket: run npm run incus, or set INCUS_REMOTE to where it is.',
  ],
  ['ECONNREFUSED', 'Incus does not run: nothing listens at its socket. Run npm run incus.'],
]);
