import { THROUGH_STARTER } from './group-starter.ts';
import { LAUNCHED } from './launcher.ts';

/** What may come before a program's own arguments. */
const WAYS = [THROUGH_STARTER, LAUNCHED, []] as const;

/** True where a program with these first arguments was started, in whatever way. */
export function startsWith(command: readonly string[], argv: readonly string[]): boolean {
  const begins = (all: readonly string[], first: readonly string[]) => first.every((part, at) => all[at] === part);
  const way = WAYS.find((each) => begins(command, each)) ?? [];
  return begins(command.slice(way.length), argv);
}
