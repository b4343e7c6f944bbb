import type { Mode } from './modes.ts';
import { isPublishedName, OWN_IMAGE } from './published-images.ts';

/** Values of variables by their names. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** For names of this server the names under which a value is looked for: the first that is set counts. */
type Order = Readonly<Record<string, readonly string[]>>;

const IN_EVERY_MODE: Order = {
  SANDBOX_POOL_SIZE: ['SANDBOX_POOL_SIZE', 'POOL_MIN_SIZE'],
  SANDBOX_MAX_CONTAINERS: ['SANDBOX_MAX_CONTAINERS', 'POOL_MAX_SIZE'],
};

const DOCKER: Order = {
  ...IN_EVERY_MODE,
  SANDBOX_DOCKER_IMAGE: ['SANDBOX_DOCKER_IMAGE', 'DOCKER_SANDBOX_IMAGE', 'SANDBOX_IMAGE'],
  SANDBOX_DOCKER_TIMEOUT: ['SANDBOX_DOCKER_TIMEOUT', 'DOCKER_SANDBOX_TIMEOUT'],
  SANDBOX_DOCKER_MEMORY: ['SANDBOX_DOCKER_MEMORY', 'DOCKER_SANDBOX_MEMORY'],
  SANDBOX_DOCKER_CPU: ['SANDBOX_DOCKER_CPU', 'DOCKER_SANDBOX_CPU'],
};

/** An image of one engine is none of the other's. */
const INCUS: Order = {
  ...IN_EVERY_MODE,
  SANDBOX_DOCKER_IMAGE: ['INCUS_SANDBOX_IMAGE'],
  SANDBOX_DOCKER_TIMEOUT: ['INCUS_SANDBOX_TIMEOUT', 'SANDBOX_DOCKER_TIMEOUT'],
  SANDBOX_DOCKER_MEMORY: ['INCUS_SANDBOX_MEMORY', 'SANDBOX_DOCKER_MEMORY'],
  SANDBOX_DOCKER_CPU: ['INCUS_SANDBOX_CPU', 'SANDBOX_DOCKER_CPU'],
};

const ORDERS: Readonly<Record<Mode, Order>> = { docker: DOCKER, incus: INCUS, 'incus-vm': INCUS, remote: DOCKER };

/** Guides' names for a variable of this server, whose images are examples. */
const GUIDE_IMAGES: readonly string[] = ['DOCKER_SANDBOX_IMAGE', 'SANDBOX_IMAGE'];

/** Names that guides have for variables of this server. */
export const ALIASES: readonly string[] = [...Object.values(IN_EVERY_MODE), ...Object.values(DOCKER)]
  .flatMap(([, ...others]) => others)
  .filter((name, at, all) => all.indexOf(name) === at);

const OF_INCUS = /^INCUS_(?:REMOTE|TRUST_TOKEN|PROJECT|POOL|SANDBOX_(?:TYPE|IMAGE|TIMEOUT|MEMORY|CPU))$/;
const OF_REMOTE = /^SANDBOX_(?:API_URL|REMOTE_API_KEY|TIMEOUT)$/;
const OF_DOCKER_ALONE = /^(?:SANDBOX_(?:DOCKER_(?:IMAGE|RUNTIME)|BUILDS|GPU)|DOCKER_SANDBOX_[A-Z]+|SANDBOX_IMAGE)$/;

/** What only Docker gives sandboxes: bridges of their own. */
const OF_BRIDGES = /^SANDBOX_BRIDGE_(?:POOL|DNS)$/;

/** What is about files and sockets that sandboxes share with the machine of the server. */
const OF_SHARED_FILES = /^SANDBOX_(?:DISK_MECHANISM|AGENT_TRANSPORT)$/;

/** What holds for sandboxes alone that share the machine's kernel. */
const OF_SHARED_KERNELS = /^SANDBOX_DOCKER_SECCOMP$/;

/** All that a server reads which holds no sandboxes. */
const OF_A_GATEWAY =
  /^SANDBOX_(?:MODE|API_(?:KEY|KEYS|URL|HOST|PORT)|REMOTE_API_KEY|TIMEOUT|RATE_LIMIT|MAX_CONNECTIONS(?:_PER_ADDRESS)?|TRUSTED_PROXIES|CORS_ORIGINS|PUBLIC_URL|DOMAIN|PREVIEW_DOMAIN|DATA_DIR|METRICS_(?:TOKEN|ADDRESS)|LOG_(?:LEVEL|USERS))$/;

/** The variables as this mode reads them, under this server's names, and which of those were written under another. */
export function withNamesOf(mode: Mode, variables: Variables) {
  const renamed: Record<string, string | undefined> = { ...variables };
  const written = new Map<string, string>();
  for (const [ours, names] of Object.entries(ORDERS[mode])) {
    const name = names.find((candidate) => variables[candidate]);
    renamed[ours] = name === undefined ? undefined : toValue(name, variables[name] ?? '');
    if (name !== undefined && name !== ours) written.set(ours, name);
  }
  return { variables: renamed, written };
}

/** Names that are set, and in this mode to no end: another mode's, or behind another name for the same. */
export function idleNames(mode: Mode, variables: Variables, known: readonly string[]): readonly string[] {
  const order = Object.values(ORDERS[mode]);
  return [...known, ...ALIASES].filter((name) => variables[name] && isIdle(mode, name, order, variables)).sort();
}

/** A sentence about variables by the names under which they were written. */
export function withWrittenNames(sentence: string, written: ReadonlyMap<string, string>): string {
  let text = sentence;
  for (const [ours, theirs] of written) {
    text = text.replace(new RegExp(`\\b${ours}\\b`, 'g'), `${theirs} (read as ${ours})`);
  }
  return text;
}

function isIdle(mode: Mode, name: string, order: readonly (readonly string[])[], variables: Variables): boolean {
  if (mode === 'remote') return !OF_A_GATEWAY.test(name);
  if (OF_REMOTE.test(name)) return true;
  if (mode === 'docker' && OF_INCUS.test(name)) return true;
  if (mode !== 'docker' && isIdleOnIncus(mode, name, isFar(variables.INCUS_REMOTE))) return true;
  return order.some((names) => names.includes(name) && names.find((candidate) => variables[candidate]) !== name);
}

function isIdleOnIncus(mode: Mode, name: string, isOnOthers: boolean): boolean {
  if (OF_DOCKER_ALONE.test(name) || OF_BRIDGES.test(name)) return true;
  if (name === 'INCUS_TRUST_TOKEN') return !isOnOthers;
  if (mode === 'incus-vm' && OF_SHARED_KERNELS.test(name)) return true;
  return (mode === 'incus-vm' || isOnOthers) && OF_SHARED_FILES.test(name);
}

function isFar(remote = 'local'): boolean {
  return remote !== 'local' && !remote.startsWith('/');
}

function toValue(name: string, value: string): string {
  return GUIDE_IMAGES.includes(name) && isPublishedName(value) ? OWN_IMAGE : value;
}
