import { type DestinationStream, type Logger, pino } from 'pino';

/** Header names that carry keys, wherever a log line shows headers. */
const SECRET_HEADERS = ['authorization', 'proxy-authorization', 'cookie', 'x-api-key'];

const REDACTED_PATHS = SECRET_HEADERS.flatMap((name) => [
  `["${name}"]`,
  `*["${name}"]`,
  `*.headers["${name}"]`,
  `headers["${name}"]`,
  `*.*.headers["${name}"]`,
]);

/** A log of JSON lines in which the headers that carry keys are blanked out. */
export function createLogger(level: string, destination: DestinationStream): Logger {
  return pino({ level, redact: { paths: REDACTED_PATHS, censor: '[secret]' } }, destination);
}
