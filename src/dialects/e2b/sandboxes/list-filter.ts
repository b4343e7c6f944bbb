import { SandboxError } from '../../../base/errors.ts';
import type { Tenancy } from '../../../sandboxes/tenancies.ts';
import { toLimit, toPage } from '../pages.ts';

const STATES = ['running', 'paused'] as const;

/** Which sandboxes a list shows, and in which order. */
export interface ListQuery {
  readonly metadata?: string | undefined;
  readonly state?: string | readonly string[] | undefined;
  readonly order?: string | undefined;
  readonly startedAfter?: string | undefined;
  readonly template?: string | undefined;
  readonly limit?: string | undefined;
  readonly nextToken?: string | undefined;
}

/** The sandboxes of a page, and where the next one begins; throws `invalid` for a query that is none. */
export function listPage(tenancies: readonly Tenancy[], query: ListQuery) {
  const pairs = toPairs(query.metadata);
  const states = toStates(query.state);
  const startedAfterMs = toStartedAfter(query.startedAfter);
  const isDescending = toOrder(query.order) === 'desc';
  const fitting = tenancies.filter(
    (tenancy) =>
      pairs.every(([key, value]) => tenancy.labels[key] === value) &&
      states.includes(stateOf(tenancy)) &&
      tenancy.createdAtMs >= startedAfterMs &&
      isFrom(tenancy, query.template),
  );
  const page = toPage(fitting, {
    limit: toLimit(query.limit),
    nextToken: query.nextToken,
    isDescending,
    keyOf: ({ createdAtMs, address }) => ({ atMs: createdAtMs, id: address.id }),
  });
  return { ...page, running: states.includes('running') ? fitting.filter((one) => !one.isSuspended).length : null };
}

/** What is asked for of labels: a query string whose names and values clients encode once more. */
export function toPairs(metadata: string | undefined): readonly (readonly [string, string])[] {
  try {
    return [...new URLSearchParams(metadata ?? '')].map(
      ([key, value]) => [decodeURIComponent(key), decodeURIComponent(value)] as const,
    );
  } catch {
    throw invalid('metadata', 'is not encoded as a query string of encoded names and values');
  }
}

function toStates(state: ListQuery['state']): readonly string[] {
  if (state === undefined) return STATES;
  const states = [state]
    .flat()
    .flatMap((text) => text.split(','))
    .filter((text) => text !== '');
  const wrong = states.find((text) => !STATES.some((known) => known === text));
  if (wrong === undefined) return states.length === 0 ? STATES : states;
  throw invalid('state', `is running or paused, not ${JSON.stringify(wrong)}`);
}

function toOrder(order: string | undefined): string {
  if (order === undefined || order === 'asc' || order === 'desc') return order ?? 'desc';
  throw invalid('order', 'is asc or desc');
}

function toStartedAfter(text: string | undefined): number {
  if (text === undefined) return Number.NEGATIVE_INFINITY;
  const ms = Date.parse(text);
  if (!Number.isNaN(ms)) return ms;
  throw invalid('startedAfter', 'is no time of RFC 3339');
}

function stateOf({ isSuspended }: Tenancy): (typeof STATES)[number] {
  return isSuspended ? 'paused' : 'running';
}

function isFrom({ terms: { template } }: Tenancy, asked: string | undefined): boolean {
  return asked === undefined || asked === template.id || asked === template.name;
}

function invalid(field: string, what: string): SandboxError {
  return new SandboxError('invalid', `${field} ${what}.`, { field });
}
