import { ConnectError } from './connect-error.ts';

/** Before each message of a stream: a byte of flags and the length, big-endian. Connect protocol, section "Streaming RPCs". */
const HEAD_BYTES = 5;

const COMPRESSED = 1;
const LAST = 2;

/** A message of a stream; the last one holds how the call ended. */
export function toEnvelope(message: unknown, isLast = false): Buffer {
  const payload = Buffer.from(JSON.stringify(message), 'utf8');
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt8(isLast ? LAST : 0, 0);
  head.writeUInt32BE(payload.length, 1);
  return Buffer.concat([head, payload]);
}

/** The one message of a request that is streamed, in bytes; throws ConnectError for anything else. */
export function readEnvelope(body: Buffer): Buffer {
  if (body.length < HEAD_BYTES) throw invalid('The body holds no message: send one envelope.');
  const flags = body.readUInt8(0);
  if (flags & COMPRESSED) throw invalid('The message says that it is compressed: send it as it is.');
  if (flags !== 0) throw invalid(`The message has the flags ${flags}: send it with 0.`);
  const length = body.readUInt32BE(1);
  const left = body.length - HEAD_BYTES;
  if (length > left) throw invalid(`The message is cut: ${left} of its ${length} bytes came.`);
  if (length < left) throw invalid('The body holds more than one message.');
  return body.subarray(HEAD_BYTES);
}

function invalid(sentence: string): ConnectError {
  return new ConnectError('invalid_argument', sentence);
}
