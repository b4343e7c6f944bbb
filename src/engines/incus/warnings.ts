import { z } from 'zod';

const warningsSchema = z.array(z.object({ type: z.string(), status: z.string() }));

/** What is not limited where Incus warns of this (TypeNames in internal/server/db/warningtype of Incus). */
const UNLIMITED: ReadonlyMap<string, string> = new Map([
  ["Couldn't find the CGroup memory controller", 'memory'],
  ["Couldn't find the CGroup CPU controller", 'CPU'],
  ["Couldn't find the CGroup pids controller", 'processes'],
]);

/** Where Incus tells its warnings: those of the machine are in no project. */
export const WARNINGS_PATH = '/1.0/warnings?project=&recursion=1';

/** The limits that the machine does not hold, by Incus' warnings. */
export function toUnlimited(warnings: unknown): readonly string[] {
  const active = warningsSchema.parse(warnings).filter(({ status }) => status !== 'resolved');
  return [...UNLIMITED].flatMap(([type, limit]) => (active.some((warning) => warning.type === type) ? [limit] : []));
}
