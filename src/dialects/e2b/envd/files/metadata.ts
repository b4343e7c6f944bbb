import { SandboxError } from '../../../../base/errors.ts';
import { METADATA_PREFIX } from '../filesystem/mapping.ts';

const HEADER = 'x-metadata-';

/** The longest key, and all keys and values together, in bytes. */
const MAX_KEY = 246;
const MAX_BYTES = 4096;

const PRINTABLE = /^[\x20-\x7e]*$/;

/** The metadata that the headers `X-Metadata-<key>` give to the files of an upload; throws `invalid`. */
export function toMetadata(rawHeaders: readonly string[]): Readonly<Record<string, string>> {
  const metadata: Record<string, string> = {};
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    if (!name.startsWith(HEADER)) continue;
    const key = name.slice(HEADER.length);
    if (key === '' || key.length > MAX_KEY) throw invalid(`A key of metadata must have 1 to ${MAX_KEY} characters.`);
    const value = rawHeaders[index + 1] ?? '';
    if (!PRINTABLE.test(value)) throw invalid(`The metadata ${key} must be printable ASCII.`);
    metadata[key] = value;
  }
  const size = Object.entries(metadata).reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  if (size > MAX_BYTES) throw invalid(`The metadata has more than ${MAX_BYTES} bytes.`);
  return metadata;
}

/** The extended attributes that hold it. */
export function toAttributes(metadata: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(metadata).map(([key, value]) => [`${METADATA_PREFIX}${key}`, value]));
}

function invalid(sentence: string): SandboxError {
  return new SandboxError('invalid', sentence);
}
