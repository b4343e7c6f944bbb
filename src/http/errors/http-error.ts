import type { FieldIssue } from '../validation/validation.ts';

/** The statuses of what HTTP itself settles, whatever route it comes to. */
export type HttpErrorStatus = 400 | 404 | 405 | 415 | 417 | 426;

interface HttpErrorOptions {
  /** The part of the request that is at fault. */
  readonly issues?: readonly FieldIssue[];
  /** What the answer says besides, as its status asks for. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request that is no valid HTTP or asks for what no route of its address does; with a sentence that a person can act on. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: HttpErrorStatus;
  readonly issues: readonly FieldIssue[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: HttpErrorStatus, message: string, { issues = [], headers = {} }: HttpErrorOptions = {}) {
    super(message);
    this.status = status;
    this.issues = issues;
    this.headers = headers;
  }
}
