import { ConnectError } from './connect/connect-error.ts';

/** Whoever programs and files are for: all are the one user of the sandbox, with a home folder of their own. */
export interface LinuxUser {
  readonly name: string;
  readonly home: string;
}

/** The user of a request that names none. */
const USUAL = 'user';

const HOMES: ReadonlyMap<string, string> = new Map([
  [USUAL, '/home/user'],
  ['sandbox', '/home/user'],
  ['root', '/root'],
]);

/** The user of this name, the usual one where it is absent or empty; null where the sandbox has none. */
export function findUser(name: string | undefined): LinuxUser | null {
  const known = name === undefined || name === '' ? USUAL : name;
  const home = HOMES.get(known);
  return home === undefined ? null : { name: known, home };
}

/** What is said to who names a user that there is not. */
export function unknownUser(name: string): string {
  return `invalid username: '${name}'`;
}

/** The same for a method; throws ConnectError for one that there is not. */
export function requireUser(name: string | null): LinuxUser {
  const user = findUser(name ?? undefined);
  if (user === null) throw new ConnectError('unauthenticated', unknownUser(name ?? ''));
  return user;
}
