import { isSandboxError, SandboxError } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import type { UidRange } from '../../config/fields.ts';
import type { Engine } from '../../engines/engine.ts';
import { toHostUser } from './host-user.ts';

/** Inside of a user namespace there are 65,536 ids as a rule; below are those of distributions, above those that systemd gives. */
const MAPPED: UidRange = { first: 2_000, last: 60_000 };

/** Between the ids of containers and the foreign ones of systemd nobody gives any. https://systemd.io/UIDS-GIDS/ */
const UNMAPPED = { first: 1_879_048_192, blocks: 4_094, blockIds: 65_536 };

/** The ids of sandboxes where nobody says which: of one machine's servers each has others, if its users are the machine's own. */
export function toAutomaticRange(mapsUsers: boolean, instance: string): UidRange {
  if (mapsUsers) return MAPPED;
  const first = UNMAPPED.first + UNMAPPED.blockIds * (Number.parseInt(instance, 16) % UNMAPPED.blocks);
  return { first, last: first + UNMAPPED.blockIds - 1 };
}

/** A range as SANDBOX_UID_RANGE has it. */
export function toText({ first, last }: UidRange): string {
  return `${first}-${last}`;
}

/**
 * The ids that the server with this identity gives; throws `invalid` where those that the configuration says are none of the engine's
 * and this machine's.
 */
export async function findRange(engine: Engine, config: Config, instance: string): Promise<UidRange> {
  const { mapsUsers } = await engine.info();
  const range = config.uidRange === 'auto' ? toAutomaticRange(mapsUsers, instance) : config.uidRange;
  try {
    for (const uid of [range.first, range.last]) await toHostUser(engine, { uid, gid: uid });
    return range;
  } catch (cause) {
    if (!isSandboxError(cause, 'invalid')) throw cause;
    throw new SandboxError('invalid', `SANDBOX_UID_RANGE (${toText(range)}) does not work here. ${cause.message}`, {
      cause,
    });
  }
}
