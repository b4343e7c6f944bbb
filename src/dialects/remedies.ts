import type { Remedy } from '../base/errors.ts';
import type { HttpProblem } from '../http/errors/errors.ts';

/** The ways that a dialect has to do better, as ends of sentences. */
export type Ways = Readonly<Partial<Record<Remedy, string>>>;

/** The sentence of a problem, with what the client does instead where the dialect has a way. */
export function withRemedy({ message, remedy }: HttpProblem, ways: Ways): string {
  const way = remedy && ways[remedy];
  return way === undefined ? message : `${message.replace(/\.$/, ';')} ${way}`;
}
