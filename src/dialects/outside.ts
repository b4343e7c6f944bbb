import type { IncomingMessage } from 'node:http';
import type { HttpProblem, OutsideRenderer } from '../http/errors/errors.ts';
import type { ChooseDialect } from '../http/routing/dialect-constraint.ts';
import type { Dialect } from './dialect.ts';

/** A dialect, as far as its errors go. */
export type ErrorWriter = Pick<Dialect, 'name' | 'paths' | 'renderError'>;

/**
 * Writes errors of what is no route: as the dialect does that is chosen for the request, else as those whose paths begin so and those
 * that have paths below them, all their fields together; as the first one does elsewhere. Where nobody knows what was asked for, all
 * dialects write, and a field is that of the first who has it.
 */
export function outsideRenderer(dialects: readonly ErrorWriter[], choose: ChooseDialect): OutsideRenderer {
  const write = (problem: HttpProblem, writers: readonly ErrorWriter[]) =>
    Object.assign({}, ...writers.map((dialect) => dialect.renderError(problem)));
  return (problem: HttpProblem, head: IncomingMessage | null) => {
    if (head === null) return write(problem, dialects.toReversed());
    const chosen = choose(head);
    const fitting =
      chosen === undefined ? sharing(dialects, head.url ?? '') : dialects.filter(({ name }) => name === chosen);
    const writers = fitting.length > 0 ? fitting : dialects.slice(0, 1);
    return write(problem, writers);
  };
}

function sharing(dialects: readonly ErrorWriter[], url: string): readonly ErrorWriter[] {
  const begun = dialects.flatMap(({ paths = [] }) => paths.filter((path) => isBelow(url, path)));
  return dialects.filter(({ paths = [] }) => paths.some((path) => begun.some((first) => isBelow(path, first))));
}

function isBelow(url: string, path: string): boolean {
  return url.startsWith(path) && /^(?:[/?#]|$)/.test(url.slice(path.length));
}
