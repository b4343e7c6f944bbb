import type { HttpProblem, OutsideRenderer } from '../http/errors.ts';
import type { Dialect } from './dialect.ts';

/** Writes errors of what is no route as the dialects do whose paths begin so, all their fields together; as the first one does elsewhere. */
export function outsideRenderer(dialects: readonly Dialect[]): OutsideRenderer {
  return (problem: HttpProblem, url: string) => {
    const fitting = dialects.filter(({ paths = [] }) => paths.some((path) => isBelow(url, path)));
    const writers = fitting.length > 0 ? fitting : dialects.slice(0, 1);
    return Object.assign({}, ...writers.map((dialect) => dialect.renderError(problem)));
  };
}

function isBelow(url: string, path: string): boolean {
  return url.startsWith(path) && /^(?:[/?#]|$)/.test(url.slice(path.length));
}
