/** Base of all errors; `status` is the HTTP status, null where no answer came, `retryAfter` the seconds to wait. */
export class SandboxError extends Error {
  readonly status: number | null;
  readonly retryAfter: number | null;

  constructor(message: string, status: number | null = null, retryAfter: number | null = null, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** The server was not reached, or the connection broke before the answer was whole. */
export class SandboxConnectionError extends SandboxError {}

/** No answer came in time, or the server says that something took too long. */
export class SandboxTimeoutError extends SandboxError {}

/** The server refused the call, or could not do it. */
export class SandboxOperationError extends SandboxError {}

/** The sandbox, or what is named in it, is not there. */
export class SandboxNotFoundError extends SandboxOperationError {}

/** Something of the request is not as it should be; the sentence names the field. */
export class SandboxValidationError extends SandboxOperationError {}

const BY_STATUS = new Map([
  [404, SandboxNotFoundError],
  [408, SandboxTimeoutError],
  [422, SandboxValidationError],
  [504, SandboxTimeoutError],
]);

/** The error of an answer that is none of success, by its status and its body, JSON or not. */
export function toError(response: Response, body: unknown): SandboxError {
  const wait = Number(response.headers.get('retry-after') ?? Number.NaN);
  const Kind = BY_STATUS.get(response.status) ?? SandboxOperationError;
  const sentence = sentenceOf(body) ?? `The server answered ${response.status}.`;
  return new Kind(sentence, response.status, Number.isNaN(wait) ? null : wait);
}

/** The error of a call that got no whole answer. */
export function toLost(error: unknown): SandboxError {
  if (error instanceof SandboxError) return error;
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return new SandboxTimeoutError('The server did not answer in time.', null, null, { cause: error });
  }
  const sentence = 'The server was not reached, or its answer broke off.';
  return new SandboxConnectionError(sentence, null, null, { cause: error });
}

function sentenceOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const fields: Readonly<Record<string, unknown>> = { ...body };
  for (const value of [fields.error, fields.detail, fields.message]) {
    if (typeof value === 'string' && value !== '') return value;
    if (Array.isArray(value) && value.length > 0) return value.map(lineOf).join('; ');
  }
  return undefined;
}

function lineOf(item: unknown): string {
  if (typeof item !== 'object' || item === null || !('msg' in item)) return String(item);
  const place = 'loc' in item && Array.isArray(item.loc) ? item.loc.join('.') : '';
  return place ? `${place}: ${item.msg}` : String(item.msg);
}
