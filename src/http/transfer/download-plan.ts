import { type ByteRange, parseRange } from './byte-range.ts';
import { attachment } from './content-disposition.ts';
import { isListed, isMatched } from './entity-tags.ts';
import { isChangedSince, parseHttpDate, toHttpDate } from './http-date.ts';

/** Of what has no version; no list of tags has it. */
const NO_TAG = '';

/** What a client asks for, as far as it matters for which bytes it gets. */
export interface DownloadRequest {
  readonly method: string;
  readonly headers: {
    readonly range?: string | undefined;
    readonly 'if-match'?: string | undefined;
    readonly 'if-unmodified-since'?: string | undefined;
    readonly 'if-none-match'?: string | undefined;
    readonly 'if-modified-since'?: string | undefined;
    readonly 'if-range'?: string | undefined;
  };
}

/** What is known of a file before any of it is read. */
export interface DownloadFile {
  readonly name: string;
  /** Null where nobody knows before it is read. */
  readonly sizeBytes: number | null;
  /** Milliseconds since 1970. */
  readonly modifiedMs: number;
  /** Differs between any two contents; without quotes. */
  readonly version: string;
}

/** How a download is answered; `part` is null where no bytes follow the headers. */
export interface DownloadPlan {
  readonly status: 200 | 206 | 304 | 412 | 416;
  readonly headers: Readonly<Record<string, string>>;
  readonly part: ByteRange | null;
}

/** Decides from the headers alone how a file is answered. RFC 9110, sections 13 and 14. */
export function planDownload({ method, headers }: DownloadRequest, file: DownloadFile, nowMs: number): DownloadPlan {
  if (file.sizeBytes === null) return planUnsized(method, headers, file.name);
  const tag = `"${file.version}"`;
  const validators = { ETag: tag, 'Last-Modified': toHttpDate(Math.min(file.modifiedMs, nowMs)) };
  if (isOther(headers, tag, file.modifiedMs)) return { status: 412, headers: validators, part: null };
  if (isKnown(headers, tag, file.modifiedMs)) return { status: 304, headers: validators, part: null };

  const isSameFile = headers['if-range'] === undefined || headers['if-range'] === tag;
  const range = method === 'GET' && isSameFile ? parseRange(headers.range, file.sizeBytes) : null;
  if (range === 'unsatisfiable') {
    return { status: 416, headers: { 'Content-Range': `bytes */${file.sizeBytes}` }, part: null };
  }
  const part = range ?? { offset: 0, lengthBytes: file.sizeBytes };
  const last = part.offset + part.lengthBytes - 1;
  return {
    status: range ? 206 : 200,
    headers: {
      ...validators,
      'Accept-Ranges': 'bytes',
      'Content-Type': 'application/octet-stream',
      'Content-Length': String(part.lengthBytes),
      'Content-Disposition': attachment(file.name),
      ...(range ? { 'Content-Range': `bytes ${part.offset}-${last}/${file.sizeBytes}` } : {}),
    },
    part: method === 'HEAD' ? null : part,
  };
}

/** Whether the client wants another version than the one that is there, and no other one. */
function isOther(headers: DownloadRequest['headers'], tag: string, modifiedMs: number): boolean {
  const ifMatch = headers['if-match'];
  return ifMatch === undefined ? isChangedSince(headers['if-unmodified-since'], modifiedMs) : !isMatched(ifMatch, tag);
}

/** Whether the client has it already; a time counts where no tag was sent. */
function isKnown(headers: DownloadRequest['headers'], tag: string, modifiedMs: number): boolean {
  const { 'if-none-match': ifNoneMatch, 'if-modified-since': since } = headers;
  if (ifNoneMatch !== undefined) return isListed(ifNoneMatch, tag);
  return parseHttpDate(since) !== null && !isChangedSince(since, modifiedMs);
}

/** Neither a range nor a version can be told of what is made as it is read. */
function planUnsized(method: string, headers: DownloadRequest['headers'], name: string): DownloadPlan {
  const ifMatch = headers['if-match'];
  if (ifMatch !== undefined && !isMatched(ifMatch, NO_TAG)) return { status: 412, headers: {}, part: null };
  return {
    status: 200,
    headers: { 'Content-Type': 'application/octet-stream', 'Content-Disposition': attachment(name) },
    part: method === 'HEAD' ? null : { offset: 0, lengthBytes: Number.POSITIVE_INFINITY },
  };
}
