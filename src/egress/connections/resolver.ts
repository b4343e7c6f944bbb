import { promises as dns } from 'node:dns';

/** Looks a name up: all its addresses, none where it does not exist. `isNamed`: the operator's configuration names it. */
export type Resolver = (name: string, isNamed: boolean) => Promise<readonly string[]>;

const TIMEOUT_MS = 2_500;
const TRIES = 2;
const NO_SUCH_NAME = ['ENOTFOUND', 'ENODATA', 'ENONAME'];

/**
 * Asks the name servers of this machine for exactly this name, without search domains and hosts file, and off the thread pool that file
 * access needs. A name that the operator has named and the servers do not know is looked up as every program on this machine does.
 */
export function systemResolver(): Resolver {
  const resolver = new dns.Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  return async (name, isNamed) => {
    const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (found.length > 0) return found;
    if (isNamed) return (await dns.lookup(name, { all: true })).map(({ address }) => address);
    const failure = answers.find((answer) => answer.status === 'rejected' && !isAbsence(answer.reason));
    if (failure?.status === 'rejected') throw failure.reason;
    return [];
  };
}

function isAbsence(error: unknown): boolean {
  return error instanceof Error && 'code' in error && NO_SUCH_NAME.includes(String(error.code));
}
