import { isAbsolute } from 'node:path';
import { SandboxError } from '../base/errors.ts';
import { createDockerEngine } from '../engines/docker/docker-engine.ts';
import type { Engine, EngineKind } from '../engines/engine.ts';
import { createIncusCluster } from '../engines/incus/cluster/cluster-engine.ts';
import { CONTAINERS } from '../engines/incus/cluster/container-shape.ts';
import { createIncusEngine } from '../engines/incus/incus-engine.ts';
import { findRemote } from '../engines/incus/known-remotes.ts';
import { MACHINES } from '../engines/incus/machines/machine-shape.ts';

/** Which Incus, and what of it is the server's, as INCUS_REMOTE and INCUS_PROJECT say. */
export interface IncusName {
  /** `local`, the path of a socket, the addresses of other machines (https) with commas between them, or a name of `incus remote`. */
  readonly remote: string;
  readonly project: string;
}

/** The same, and how it is used. */
export interface IncusSettings extends IncusName {
  /** Null for the pool that `npm run incus` makes. */
  readonly pool: string | null;
  /** The names of images that the operator lists: those of image servers are loaded. */
  readonly images?: readonly string[];
  /** Makes Incus of other machines trust this server; null where it does already. */
  readonly trustToken: string | null;
  /** Keeps the certificates by which it does. */
  readonly trustFolder: string;
}

/** What `npm run incus` makes. */
const OWN_INCUS = { remote: 'local', project: 'clara-sandbox', pool: null, images: [] } as const;
const OWN_POOL = 'clara-sandbox';

/** Where Debian's package has it. */
const LOCAL_SOCKET = '/var/lib/incus/unix.socket';

/** The engine that sandboxes are to run on, opened lazily; throws `invalid` with a sentence where the settings name none. */
export function openEngine(kind: EngineKind, incus?: IncusSettings): Engine {
  return kind === 'docker' ? createDockerEngine() : openIncus(kind, incus);
}

function openIncus(kind: 'incus' | 'incus-vm', incus: IncusSettings | undefined): Engine {
  const { remote, project, pool, images = [] } = incus ?? OWN_INCUS;
  const place = { project, pool: pool ?? OWN_POOL, images };
  const socketPath = socketOf(remote);
  if (isAbsolute(socketPath)) {
    const here = { ...place, socketPath };
    return kind === 'incus' ? createIncusEngine(here) : createIncusCluster({ ...here, shape: MACHINES });
  }
  const far = { ...place, shape: kind === 'incus' ? CONTAINERS : MACHINES };
  const urls = addressesIn(remote);
  if (incus && urls) return createIncusCluster({ ...far, urls, folder: incus.trustFolder, token: incus.trustToken });
  const known = urls ? null : findRemote(remote);
  if (known) return createIncusCluster({ ...far, urls: [known.url], trust: known.trust });
  throw new SandboxError(
    'invalid',
    `INCUS_REMOTE=${remote} is none of what it may be: local, the path of a socket, https://host:8443 of one or more machines with commas between them, or a name that \`incus remote list\` shows to the user of the server.`,
  );
}

/** True where both are one and the same: by one socket, or of clusters that have a machine in common. */
export function isSameIncus(one: IncusName, other: IncusName): boolean {
  const addresses = addressesOf(other.remote);
  return one.project === other.project && addressesOf(one.remote).some((address) => addresses.includes(address));
}

/** A name that is known no more is itself. */
function addressesOf(remote: string): readonly string[] {
  const urls = addressesIn(remote);
  if (urls) return urls;
  const socketPath = socketOf(remote);
  return [isAbsolute(socketPath) ? socketPath : (findRemote(remote)?.url ?? remote)];
}

function socketOf(remote: string): string {
  return remote === 'local' ? LOCAL_SOCKET : remote;
}

/** Null where one of them is no https URL of a machine. */
function addressesIn(remote: string): readonly string[] | null {
  const urls = remote.split(',').map((part) => (URL.canParse(part.trim()) ? new URL(part.trim()) : null));
  const isEach = urls.every((url) => url?.protocol === 'https:' && url.pathname === '/' && url.search === '');
  return isEach ? urls.flatMap((url) => (url ? [url.origin] : [])) : null;
}
