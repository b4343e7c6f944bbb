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

/** A log of JSON lines in which the headers that carry keys are blanked out, and in the names of sandboxes what tells their users unless `logsUsers` is set. */
export function createLogger(level: string, destination: DestinationStream, logsUsers = true): Logger {
  const redact = { paths: REDACTED_PATHS, censor: '[secret]' };
  return pino({ level, redact, ...(logsUsers ? {} : { serializers: { sandbox: withoutUser } }) }, destination);
}

/** A sandbox's name without its readable part: the hash at its end is as good for telling sandboxes apart. */
function withoutUser(name: unknown): unknown {
  return typeof name === 'string' ? name.slice(name.lastIndexOf('-') + 1) : name;
}
