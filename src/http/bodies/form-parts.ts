import multipart from '@fastify/multipart';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HttpError } from '../errors/http-error.ts';
import { InvalidRequest } from '../validation/validation.ts';

/** What says that a part is a file where it has no file name. */
const BYTES_TYPE = 'application/octet-stream';

/** Files of one form. */
const MAX_FILES = 1000;

/** Fields beside them. */
const MAX_FIELDS = 8;

/** The longest value of a field, in bytes. */
const MAX_FIELD_BYTES = 16_384;

/** A part of a form; chunks of a file that are not taken before the next part is asked for pass unread. */
export type FormPart =
  | { readonly kind: 'field'; readonly name: string; readonly value: string }
  | { readonly kind: 'file'; readonly name: string; readonly fileName: string; readonly chunks: AsyncIterable<Buffer> };

interface FormOptions {
  /** True if names of files are whole, with the folders in them. */
  readonly keepsFolders?: boolean;
  /** A part of this name is a file even where it has no file name, which is then empty. */
  readonly fileField?: string;
}

/** Lets the routes of this scope take multipart forms, which are streamed: nothing of them is kept on this machine. */
export async function acceptForms(
  app: FastifyInstance,
  { keepsFolders = false, fileField }: FormOptions = {},
): Promise<void> {
  const limits = { files: MAX_FILES, fields: MAX_FIELDS, fieldSize: MAX_FIELD_BYTES };
  await app.register(multipart, {
    throwFileSizeLimit: false,
    preservePath: keepsFolders,
    isPartAFile: (name, type, fileName) => fileName !== undefined || type === BYTES_TYPE || name === fileField,
    limits: { ...limits, fileSize: Number.POSITIVE_INFINITY, parts: Number.POSITIVE_INFINITY },
  });
}

/** The parts of a form as they come. Leaving the loop early lets the rest pass unread. Throws InvalidRequest for what is no form. RFC 7578. */
export async function* formParts(request: FastifyRequest): AsyncGenerator<FormPart> {
  if (!request.isMultipart()) throw otherType();
  const parts = request.parts();
  try {
    for (;;) {
      const next = await orBroken(() => parts.next());
      if (next.done) return;
      const part = next.value;
      if (part.type === 'file') {
        const fileName = part.filename ?? '';
        yield { kind: 'file', name: part.fieldname, fileName, chunks: chunksOf(part.file) };
        // The parser waits with the next part for whoever has not read this one.
        part.file.resume();
      } else {
        if (part.valueTruncated) throw invalidField(part.fieldname, `must have ${MAX_FIELD_BYTES} bytes or fewer`);
        yield { kind: 'field', name: part.fieldname, value: String(part.value) };
      }
    }
  } finally {
    request.raw.unpipe();
    request.raw.resume();
  }
}

/** The last part of the name that the client gives its file; browsers may send folders before it. Throws InvalidRequest for what is no name. */
export function toFileName({ name, fileName }: Extract<FormPart, { kind: 'file' }>): string {
  const last = fileName.replaceAll('\\', '/').split('/').at(-1) ?? '';
  if (last !== '' && last !== '.' && last !== '..' && !last.includes('\0')) return last;
  throw invalidField(name, 'must have a file name');
}

async function* chunksOf(file: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const chunks = file[Symbol.asyncIterator]();
  for (;;) {
    const next = await orBroken(() => chunks.next());
    if (next.done) return;
    yield next.value;
  }
}

/** A step of the parser; whatever it finds wrong is the form's fault. */
async function orBroken<Result>(step: () => Promise<Result>): Promise<Result> {
  try {
    return await step();
  } catch (cause) {
    if (isLimit(cause))
      throw new InvalidRequest([{ loc: ['body'], msg: 'has too many parts', type: 'too_many_parts' }]);
    const msg = 'must be multipart/form-data that is whole';
    throw new InvalidRequest([{ loc: ['body'], msg, type: 'form_invalid' }]);
  }
}

function isLimit(error: unknown): boolean {
  return error instanceof Error && 'statusCode' in error && error.statusCode === 413;
}

function otherType(): HttpError {
  const issue = { loc: ['header', 'content-type'], msg: 'must be multipart/form-data', type: 'content_type' };
  return new HttpError(415, 'Send the files as multipart/form-data.', { issues: [issue] });
}

/** The error of a field that is not what the route takes. */
export function invalidField(name: string, msg: string): InvalidRequest {
  return new InvalidRequest([{ loc: ['body', name], msg, type: 'form_invalid' }]);
}
