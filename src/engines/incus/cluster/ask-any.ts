import { isSandboxError, SandboxError } from '../../../base/errors.ts';
import { IncusRefusal } from '../errors.ts';
import type { Member } from './member.ts';

/** How long a cluster may take to find another leader, and how often it is asked meanwhile, in milliseconds. */
const LEADER_MS = 10_000;
const LEADER_POLL_MS = 250;

/** Who may answer. */
export type Askable = Pick<Member, 'isAway' | 'isLate' | 'calls' | 'whilePrompt'>;

interface AskParts<M> {
  members(): Promise<readonly M[]>;
  isClosed(): boolean;
}

/**
 * What the first member says that answers: those come first that were prompt lately, and who turns late is waited for no more while
 * there is another. What only reads is asked again while the cluster has no leader.
 */
export async function askAny<M extends Askable, T>(
  { members, isClosed }: AskParts<M>,
  read: (calls: M['calls']) => Promise<T>,
): Promise<T> {
  const endMs = performance.now() + LEADER_MS;
  for (;;) {
    let failure: unknown = nobody();
    const present = promptFirst(await members());
    for (const [at, member] of present.entries()) {
      try {
        const answer = read(member.calls);
        return await (at < present.length - 1 ? member.whilePrompt(answer) : answer);
      } catch (error) {
        failure = error;
        if (!isPassing(error)) throw error;
      }
    }
    if (performance.now() > endMs || isClosed()) throw failure;
    await new Promise((resolve) => setTimeout(resolve, LEADER_POLL_MS));
  }
}

/** Those that are not away, and behind the others those whose answer is late. */
export function promptFirst<M extends Pick<Askable, 'isAway' | 'isLate'>>(members: readonly M[]): readonly M[] {
  const present = members.filter(({ isAway }) => !isAway);
  return [...present.filter(({ isLate }) => !isLate), ...present.filter(({ isLate }) => isLate)];
}

/** True where another member, or the same a little later, may answer. */
function isPassing(error: unknown): boolean {
  if (!isSandboxError(error, 'unavailable') && !isSandboxError(error, 'timeout')) return false;
  return !(error.cause instanceof IncusRefusal) || error.cause.status >= 500;
}

function nobody(): SandboxError {
  const sentence = 'No machine of the Incus cluster answers: check INCUS_REMOTE and that incusd runs there.';
  return new SandboxError('unavailable', sentence, { retryAfterSeconds: 2 });
}
