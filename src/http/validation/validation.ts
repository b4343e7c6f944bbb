import type { FastifyBaseLogger, FastifySchemaCompiler } from 'fastify';
import type { z } from 'zod';
import { counted } from '../../base/counted.ts';
import { numberFields, refuseBlanks } from './blank-numbers.ts';
import { logIgnoredFields, shortName } from './ignored-fields.ts';

/** What is wrong with one field of a request; `msg` goes on where the field's name ends. */
export interface FieldIssue {
  /** The part of the request, then the way to the field. */
  readonly loc: readonly string[];
  readonly msg: string;
  readonly type: string;
}

/** A part of a request is not as its schema says. */
export class InvalidRequest extends Error {
  override readonly name = 'InvalidRequest';
  readonly issues: readonly FieldIssue[];

  /** `message` is the sentence where it is another than what is made of the issues. */
  constructor(issues: readonly FieldIssue[], message = `${issues.map(toClause).join('; ')}.`) {
    super(message);
    this.issues = issues;
  }
}

/** How the parts of a request that Fastify has schemas for are called in `loc`. */
const PART: Readonly<Record<string, string>> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'header',
};

const UNKNOWN = 'is unknown to this route';

/** More than these are not told. */
const MAX_ISSUES = 20;

/** What is not told, as it holds what a client has for itself. */
const UNTOLD_PART = 'header';

/**
 * Checks the parts of requests against zod schemas; what is wrong is said in words for a person. Fields that a route does not know
 * are refused where its schema is strict; else they are ignored, and named in the log at debug level.
 */
export function createValidatorCompiler(logger: FastifyBaseLogger): FastifySchemaCompiler<z.ZodType> {
  const tellsIgnored = logger.level === 'debug' || logger.level === 'trace';
  return ({ schema, method, url, httpPart = 'body' }) => {
    const part = PART[httpPart] ?? httpPart;
    const at = { route: `${method} ${url}`, part };
    const numbers = httpPart === 'querystring' ? numberFields(schema) : [];
    return (sent) => {
      const data = numbers.length === 0 ? sent : refuseBlanks(sent, numbers);
      const parsed = schema.safeParse(data, { error: describeIssue });
      if (!parsed.success) return { error: toInvalidRequest(part, parsed.error.issues) };
      if (tellsIgnored && part !== UNTOLD_PART) logIgnoredFields(logger, at, data, parsed.data);
      return { value: parsed.data };
    };
  };
}

/** Data that fits a schema; throws InvalidRequest. `whose` is what does not know the fields that are unknown. */
export function parsePart<Schema extends z.ZodType>(schema: Schema, data: unknown, whose: string): z.output<Schema> {
  const parsed = schema.safeParse(data, { error: describeIssue });
  if (!parsed.success) throw toInvalidRequest('arguments', parsed.error.issues, `is unknown to the ${whose}`);
  return parsed.data;
}

function toInvalidRequest(part: string, issues: readonly z.core.$ZodIssue[], unknown = UNKNOWN): InvalidRequest {
  const fieldIssues = issues.flatMap((issue): FieldIssue[] => {
    const loc = [part, ...issue.path.map(String)];
    if (issue.code !== 'unrecognized_keys') return [{ loc, msg: issue.message, type: issue.code }];
    return issue.keys.map((key) => ({ loc: [...loc, shortName(key)], msg: unknown, type: issue.code }));
  });
  return new InvalidRequest(fieldIssues.slice(0, MAX_ISSUES));
}

function toClause({ loc: [part, ...names], msg }: FieldIssue): string {
  return `${names.length === 0 ? `The ${part}` : names.join('.')} ${msg}`;
}

const NOUN: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a JSON object',
  record: 'a JSON object',
};

/** Words for an issue where a schema brings none of its own; a whole body that is absent comes as null. */
export function describeIssue(issue: z.core.$ZodRawIssue): string {
  const isAbsent = issue.input === undefined || (issue.input === null && (issue.path ?? []).length === 0);
  const prefix = isAbsent ? 'is required and must be' : 'must be';
  switch (issue.code) {
    case 'invalid_type':
      return `${prefix} ${NOUN[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `${prefix} ${issue.values.join(' or ')}`;
    case 'too_small':
      return describeSize(issue.origin, issue.minimum, 'more');
    case 'too_big':
      return describeSize(issue.origin, issue.maximum, 'fewer');
    case 'invalid_key':
      return `has a name that ${issue.issues.map(({ message }) => message).join(' and ')}`;
    default:
      return 'is not valid';
  }
}

function describeSize(origin: string, limit: number | bigint, direction: 'more' | 'fewer'): string {
  if (origin === 'string') return `must have ${counted(Number(limit), 'character', 'characters')} or ${direction}`;
  if (origin === 'array') return `must have ${counted(Number(limit), 'entry', 'entries')} or ${direction}`;
  return `must be ${limit} or ${direction === 'more' ? 'more' : 'less'}`;
}
