import type { FastifyRequest } from 'fastify';
import { CONTEXT_LANGUAGES, type ContextLanguage, toContextLanguage } from '../../../contexts/languages.ts';
import { acceptedFormat, type StreamFormat } from '../../../http/streams/format.ts';
import { InvalidRequest } from '../../../http/validation/validation.ts';
import type { Language } from '../../../processes/languages.ts';

/** The longest timeout of an answer that comes whole, in seconds. */
const MAX_PLAIN_SECONDS = 300;

/** How a run is to be answered as it goes: as the body or the Accept header asks; null for a plain answer at its end. */
export function toStreamFormat({ headers }: FastifyRequest, isAsked: boolean): StreamFormat | null {
  return acceptedFormat(headers.accept) ?? (isAsked ? 'sse' : null);
}

/** Throws for a timeout that is longer than answers of this form may take. */
export function requireTimeout(timeoutSeconds: number, format: StreamFormat | null, maxStreamSeconds: number): void {
  const most = format === null ? MAX_PLAIN_SECONDS : maxStreamSeconds;
  if (timeoutSeconds <= most) return;
  throw new InvalidRequest([{ loc: ['body', 'timeout'], msg: `must be ${most} or less`, type: 'too_big' }]);
}

/** The language of a context that code names; undefined where it names none. Throws for one that contexts do not have. */
export function requireContextLanguage(language: Language | undefined): ContextLanguage | undefined {
  if (language === undefined) return undefined;
  const found = toContextLanguage(language);
  if (found !== undefined) return found;
  const msg = `must be one that contexts have: ${CONTEXT_LANGUAGES.join(', ')}`;
  throw new InvalidRequest([{ loc: ['body', 'language'], msg, type: 'other_language' }]);
}
