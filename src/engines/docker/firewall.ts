import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { whileLocked } from './machine-lock.ts';

const run = promisify(execFile);

/** The names of all bridges of sandboxes begin with this, so that one rule is about all of them. */
export const BRIDGE_PREFIX = 'clb-';

const BRIDGES = `${BRIDGE_PREFIX}+`;
const CHAIN = 'CLARA-SANDBOX';
const TIMEOUT_MS = 10_000;

/** Of all servers of this machine, which otherwise each add a rule that none of them has seen yet. */
const LOCK_FILE = '/run/clara-sandbox-firewall.lock';

interface Rule {
  readonly chain: string;
  readonly args: readonly string[];
}

const IPV4_RULES: readonly Rule[] = [
  { chain: 'INPUT', args: ['-i', BRIDGES, '-j', 'REJECT'] },
  { chain: 'DOCKER-USER', args: ['-i', BRIDGES, '-j', CHAIN] },
];

const IPV6_RULES: readonly Rule[] = [
  { chain: 'INPUT', args: ['-i', BRIDGES, '-j', 'DROP'] },
  { chain: 'FORWARD', args: ['-i', BRIDGES, '-j', 'DROP'] },
];

/** Where a sandbox has no business behind its bridge: private networks, neighbours, the link with its metadata service, multicast. */
const CLOSED_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
];

/** What is closed, as iptables lists it: those, and where mail servers take mail from each other. */
const CLOSED: readonly (readonly string[])[] = [
  ...CLOSED_IPV4.map((range) => ['-d', range]),
  ['-p', 'tcp', '-m', 'tcp', '--dport', '25'],
];

/**
 * Rules that close this machine, its private networks and all mail servers to the bridges of sandboxes. They stay when the server ends, as the sandboxes do.
 * Returns null where they are in place, each of them once, else the reason why they cannot be.
 */
export async function closeHostToBridges(): Promise<string | null> {
  return await whileLocked(LOCK_FILE, async () => {
    try {
      await makeChain();
      for (const { chain, args } of IPV4_RULES) await ensureRules('iptables', chain, [args]);
    } catch (error) {
      return reasonOf(error);
    }
    // The bridges carry no IPv6 but what the kernel gives every card; where there is no ip6tables there is no IPv6 to filter.
    for (const { chain, args } of IPV6_RULES) await ensureRules('ip6tables', chain, [args]).catch(() => undefined);
    return null;
  });
}

/** Takes those rules away again, for when no sandbox has a bridge any more; false where nobody can tell that none is left. */
export async function openHostToBridges(): Promise<boolean> {
  return await whileLocked(LOCK_FILE, async () => {
    for (const rule of IPV4_RULES) await removeRule('iptables', rule).catch(() => undefined);
    for (const verb of ['-F', '-X']) await call('iptables', [verb, CHAIN]).catch(() => undefined);
    for (const rule of IPV6_RULES) await removeRule('ip6tables', rule).catch(() => undefined);
    return await succeeds('iptables', ['-L', CHAIN, '-n']).then(
      (isThere) => !isThere,
      () => false,
    );
  });
}

/** Puts rules first in a chain unless they are there, and leaves one of each where there are more. */
async function ensureRules(program: string, chain: string, rules: readonly (readonly string[])[]): Promise<void> {
  for (const args of rules) {
    if (!(await succeeds(program, ['-C', chain, ...args]))) await call(program, ['-I', chain, '1', ...args]);
  }
  const listed = (await call(program, ['-S', chain])).split('\n');
  for (const args of rules) {
    for (let extra = count(listed, chain, args) - 1; extra > 0; extra -= 1) await call(program, ['-D', chain, ...args]);
  }
}

/** How often the rule is listed; what iptables adds to it, such as the kind of refusal, comes at its end. */
function count(listed: readonly string[], chain: string, args: readonly string[]): number {
  const rule = `-A ${chain} ${args.join(' ')}`;
  return listed.filter((line) => line === rule || line.startsWith(`${rule} `)).length;
}

async function removeRule(program: string, { chain, args }: Rule): Promise<void> {
  while (await succeeds(program, ['-C', chain, ...args])) await call(program, ['-D', chain, ...args]);
}

async function makeChain(): Promise<void> {
  if (!(await succeeds('iptables', ['-L', CHAIN, '-n']))) await call('iptables', ['-N', CHAIN]);
  await ensureRules(
    'iptables',
    CHAIN,
    CLOSED.map((match) => [...match, '-j', 'REJECT']),
  );
}

async function succeeds(program: string, args: readonly string[]): Promise<boolean> {
  try {
    await call(program, args);
    return true;
  } catch (error) {
    // 1 says that the rule or chain is not there; everything else is a reason why none can be.
    if (error instanceof Error && 'code' in error && error.code === 1) return false;
    throw error;
  }
}

async function call(program: string, args: readonly string[]): Promise<string> {
  return (await run(program, ['-w', '5', ...args], { timeout: TIMEOUT_MS })).stdout;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'iptables failed';
  if ('code' in error && error.code === 'ENOENT') return 'there is no iptables here';
  const stderr = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim().split('\n')[0] : '';
  return stderr || 'iptables failed';
}
