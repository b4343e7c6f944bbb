import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The names of all bridges of sandboxes begin with this, so that one rule is about all of them. */
export const BRIDGE_PREFIX = 'clb-';

const BRIDGES = `${BRIDGE_PREFIX}+`;
const CHAIN = 'CLARA-SANDBOX';
const TIMEOUT_MS = 10_000;

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

/** Where mail servers take mail from each other. */
const MAIL_PORT = '25';

/**
 * Rules that close this machine, its private networks and all mail servers to the bridges of sandboxes. They stay when the server ends, as the sandboxes do.
 * Returns null where they are in place, else the reason why they cannot be.
 */
export async function closeHostToBridges(): Promise<string | null> {
  try {
    await closeIPv4();
  } catch (error) {
    return reasonOf(error);
  }
  // The bridges carry no IPv6 but what the kernel gives every card; where there is no ip6tables there is no IPv6 to filter.
  await closeIPv6().catch(() => undefined);
  return null;
}

async function closeIPv4(): Promise<void> {
  await rule('iptables', 'INPUT', ['-i', BRIDGES, '-j', 'REJECT']);
  const ranges = CLOSED_IPV4.map((range) => ['-d', range]);
  await chain('iptables', [...ranges, ['-p', 'tcp', '--dport', MAIL_PORT]]);
  await rule('iptables', 'DOCKER-USER', ['-i', BRIDGES, '-j', CHAIN]);
}

async function closeIPv6(): Promise<void> {
  await rule('ip6tables', 'INPUT', ['-i', BRIDGES, '-j', 'DROP']);
  await rule('ip6tables', 'FORWARD', ['-i', BRIDGES, '-j', 'DROP']);
}

/** Puts a rule first in a chain, unless it is there. */
async function rule(program: string, into: string, args: readonly string[]): Promise<void> {
  if (await succeeds(program, ['-C', into, ...args])) return;
  await call(program, ['-I', into, '1', ...args]);
}

async function chain(program: string, closed: readonly (readonly string[])[]): Promise<void> {
  if (!(await succeeds(program, ['-L', CHAIN, '-n']))) await call(program, ['-N', CHAIN]);
  for (const match of closed) await rule(program, CHAIN, [...match, '-j', 'REJECT']);
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

async function call(program: string, args: readonly string[]): Promise<void> {
  await run(program, ['-w', '5', ...args], { timeout: TIMEOUT_MS });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'iptables failed';
  if ('code' in error && error.code === 'ENOENT') return 'there is no iptables here';
  const stderr = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim().split('\n')[0] : '';
  return stderr || 'iptables failed';
}
