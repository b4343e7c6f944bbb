import type { Principal } from '../../auth/principal.ts';
import { SandboxError } from '../../base/errors.ts';
import type { Snapshot } from '../../sandboxes/snapshots.ts';

const DEFAULT_TAG = 'default';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}(?::[A-Za-z0-9_.-]{1,128})?$/;

/** The name of a snapshot with its tag, as it is kept; throws `invalid` for what is none. */
export function toSnapshotName(text: string): string {
  if (NAME.test(text)) return text.includes(':') ? text : `${text}:${DEFAULT_TAG}`;
  throw new SandboxError(
    'invalid',
    'name must have letters, digits, dots, dashes and underscores, and a tag behind a colon.',
    {
      field: 'name',
    },
  );
}

/** What clients know a snapshot by. */
export function toShownSnapshot({ name: team }: Principal, { address, terms }: Snapshot) {
  const { name } = terms.snapshot;
  if (name === null) return { snapshotID: `${address.id}:${DEFAULT_TAG}`, names: [] };
  return { snapshotID: `${team}/${name}`, names: [`${team}/${withoutTag(name)}`] };
}

/** The newest snapshot that a text names: by its id, or by its name, with tag and team or without. */
export function findSnapshot(principal: Principal, snapshots: readonly Snapshot[], text: string): Snapshot | null {
  const [name = ''] = text.startsWith(`${principal.name}/`) ? [text.slice(principal.name.length + 1)] : [text];
  const tagged = name.includes(':') ? name : `${name}:${DEFAULT_TAG}`;
  return (
    snapshots.find(({ address, terms }) =>
      terms.snapshot.name === null ? `${address.id}:${DEFAULT_TAG}` === tagged : terms.snapshot.name === tagged,
    ) ?? null
  );
}

/** True where a snapshot has this name, with team or without; tags do not count. */
export function hasName({ name: team }: Principal, { terms }: Snapshot, asked: string): boolean {
  const { name } = terms.snapshot;
  const wanted = withoutTag(asked);
  return name !== null && (wanted === withoutTag(name) || wanted === `${team}/${withoutTag(name)}`);
}

function withoutTag(name: string): string {
  return name.split(':', 1)[0] ?? name;
}
