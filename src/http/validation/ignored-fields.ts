import type { FastifyBaseLogger } from 'fastify';

/** Not more names of one request are told. */
const MAX_NAMES = 20;

const MAX_NAME_LENGTH = 64;

/** Where a request came to, and which part of it is meant. */
export interface RequestPart {
  readonly route: string;
  readonly part: string;
}

/** Tells an operator, at debug level, the names of the fields that a request has and its route does not know. */
export function logIgnoredFields(logger: FastifyBaseLogger, at: RequestPart, sent: unknown, taken: unknown): void {
  const fields = ignoredFields(sent, taken, at.part);
  if (fields.length > 0) {
    logger.debug(
      { route: at.route, fields: fields.slice(0, MAX_NAMES) },
      'ignored fields that the route does not know',
    );
  }
}

/** A name that a client made up, short enough to be repeated to it or in a log. */
export function shortName(name: string): string {
  return name.length > MAX_NAME_LENGTH ? `${name.slice(0, MAX_NAME_LENGTH)}…` : name;
}

function ignoredFields(sent: unknown, taken: unknown, prefix: string): string[] {
  if (!isRecord(sent) || !isRecord(taken)) return [];
  return Object.entries(sent).flatMap(([name, value]) => {
    const path = `${prefix}.${shortName(name)}`;
    return name in taken ? ignoredFields(value, taken[name], path) : [path];
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
