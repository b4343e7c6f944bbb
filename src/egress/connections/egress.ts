import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyBaseLogger } from 'fastify';
import { z } from 'zod';
import type { IncomingChannel, OpenListener } from '../../agent/wire/incoming-channel.ts';
import type { Clock } from '../../async/clock.ts';
import { withDeadline } from '../../async/deadline.ts';
import { isSandboxError } from '../../base/errors.ts';
import { type Address, parseAddress } from '../../base/ip-address.ts';
import type { EgressCounters } from '../egress-counters.ts';
import { EgressLog, EgressLogs, type Verdict } from '../egress-log.ts';
import { type Host, parseHost } from '../host.ts';
import { type EgressLimits, EgressMeter } from '../meter.ts';
import { EgressPolicy, type EgressRules, type LocalHost, type Narrowing } from '../policy.ts';
import { crowded, denied, Refusal, spent, toRefusal } from '../refusal.ts';
import type { HeldSecrets } from '../secrets/secret.ts';
import { StandIn } from '../secrets/stand-in.ts';
import type { EgressDeadlines } from './deadlines.ts';
import { DialTimeout, dial } from './dialer.ts';
import type { Resolver } from './resolver.ts';
import { Translators } from './translators.ts';
import { Tunnel, type TunnelEnd } from './tunnel.ts';

/** Which counter counts a connection, by what became of it. */
const COUNTER_OF = {
  allowed: 'allowed',
  denied: 'refused',
  invalid: 'refused',
  limit: 'refused',
  unreachable: 'failed',
  timeout: 'failed',
  cancelled: 'failed',
} as const satisfies Readonly<Record<Verdict, keyof EgressCounters>>;

/** What a program is told whose sandbox asks faster than anybody can be served. */
const TOO_FAST = 'This sandbox asks for too many connections; wait a few seconds.';

interface EgressParts {
  readonly deadlines: EgressDeadlines;
  readonly rules: EgressRules;
  readonly limits: EgressLimits;
  readonly localHost: LocalHost;
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly logger: Pick<FastifyBaseLogger, 'info'>;
  /** Told of each connection that is over or did not come about. */
  readonly onEnd?: (connection: ConnectionEnd) => void;
  /** Certificates, in PEM, that hosts which get secrets may prove themselves by, beside those that every program believes. */
  readonly trustedRoots?: readonly string[] | undefined;
}

/** How one connection of a sandbox ended, and what went through it. */
export interface ConnectionEnd {
  readonly verdict: Verdict;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** What sandboxes reach beside hosts: each other, by name. */
interface PeerFinder {
  /** What connects to a port of the sandbox that this one reaches by that name; null where it reaches none. */
  find(sandboxId: string, name: string): Promise<((port: number) => Promise<Duplex>) | null>;
}

/** The way out of one started sandbox. */
export interface SandboxEgress {
  readonly counters: Readonly<EgressCounters>;
  readonly onOpen: OpenListener;
  /** Changes the name under which its connections are logged: a sandbox from the pool gets its own when it is claimed. */
  nameAs(sandboxId: string): void;
  /** Changes what is left to it of what the configuration allows, for connections that are made from now on. */
  narrow(narrowing: Narrowing | undefined): void;
  /** Changes its secrets: at once where a connection to their hosts is open that was made while there was one, else from the next one on. */
  hold(secrets: HeldSecrets | null): void;
}

/** What a connection is made under. */
interface Way {
  sandboxId: string;
  readonly log: EgressLog;
  readonly meter: EgressMeter;
  policy: EgressPolicy;
  held: HeldSecrets | null;
}

const request = z.object({ op: z.string(), host: z.string().max(1024), port: z.int().min(1).max(65_535) });

/** Dials for sandboxes what the policy permits, and counts it. */
export class Egress {
  /** Set once there are sandboxes; what it finds is open whatever the rules say. */
  peers: PeerFinder = { find: async () => null };
  readonly #parts: EgressParts;
  readonly #translators: Translators;
  readonly #logs: EgressLogs;
  readonly #standIn: StandIn;

  constructor(parts: EgressParts) {
    this.#parts = parts;
    this.#translators = new Translators(parts.resolver, parts.clock, parts.deadlines.resolveMs);
    this.#logs = new EgressLogs(parts.logger, parts.clock);
    this.#standIn = new StandIn(parts.deadlines.connectMs, parts.trustedRoots);
  }

  /** Writes what the log has only counted so far; for the end of the server. */
  close(): void {
    this.#logs.flush();
  }

  /** The way out of a sandbox that has just started; `narrowing` is what is left to it of what the configuration allows. */
  forSandbox(sandboxId: string, narrowing?: Narrowing): SandboxEgress {
    const { rules, localHost } = this.#parts;
    const meter = new EgressMeter(this.#parts.limits, this.#parts.clock);
    const log = new EgressLog(this.#logs, sandboxId);
    const way: Way = { sandboxId, log, meter, policy: new EgressPolicy(rules, localHost, narrowing), held: null };
    return {
      counters: meter.counters,
      onOpen: (asked, channel) => {
        const waitMs = meter.countDial();
        if (waitMs !== null) void this.#serve(way, asked, channel, waitMs);
        else {
          meter.counters.refused += 1;
          log.fold('limit');
          this.#parts.onEnd?.({ verdict: 'limit', sentBytes: 0, receivedBytes: 0 });
          channel.fail('limit', TOO_FAST);
        }
      },
      nameAs: (id) => {
        way.sandboxId = id;
        log.nameAs(id);
      },
      narrow: (to) => {
        way.policy = new EgressPolicy(rules, localHost, to);
      },
      hold: (secrets) => {
        way.held = secrets;
      },
    };
  }

  async #serve(way: Way, asked: unknown, channel: IncomingChannel, waitMs: number): Promise<void> {
    const { log, meter } = way;
    const parsed = request.safeParse(asked);
    if (!parsed.success || parsed.data.op !== 'dial') return channel.fail('unsupported', 'The server takes dial only.');
    const { host, port } = parsed.data;
    const startedMs = this.#parts.clock.monotonicMs();
    const tunnel = new Tunnel(channel, meter, this.#parts.deadlines.idleMs);
    let address: Address | undefined;
    let verdict: Verdict = 'allowed';
    let end: TunnelEnd | undefined;
    let reason: string | undefined;
    let hasBegun = false;
    let hasWaited = false;
    try {
      await pause(waitMs, tunnel.gone);
      hasWaited = true;
      if (meter.isSpent) throw spent(meter);
      hasBegun = meter.begin();
      if (!hasBegun) throw crowded(meter);
      const peer = await this.peers.find(way.sandboxId, host);
      const connected = peer ? { stream: await peer(port) } : await this.#lead(way, host, port, tunnel.gone);
      address = connected.address;
      meter.counters.allowed += 1;
      end = await tunnel.carry(connected.stream);
    } catch (error) {
      const refusal = toRefusal(error, host, port, tunnel.gone);
      verdict = refusal.verdict;
      if (verdict === 'unreachable') reason = refusal.message;
      meter.counters[COUNTER_OF[verdict]] += 1;
      channel.fail(refusal.code, refusal.message);
    } finally {
      if (hasBegun) meter.end();
      const { sentBytes, receivedBytes } = tunnel;
      const ms = Math.round(this.#parts.clock.monotonicMs() - startedMs);
      this.#parts.onEnd?.({ verdict, sentBytes, receivedBytes });
      if (!hasWaited) log.fold(verdict);
      else
        log.write({ host, port, address: address?.text ?? null, sentBytes, receivedBytes, verdict, reason, end, ms });
    }
  }

  /** To a host, at the first of its addresses that answers. */
  async #lead(
    way: Way,
    host: string,
    port: number,
    gone: AbortSignal,
  ): Promise<{ readonly stream: Duplex; readonly address?: Address }> {
    const target = this.#target(host, port, way.policy);
    const addresses = await this.#addresses(target, port, way.policy);
    const { address, socket } = await this.#connect(addresses, port, host, gone);
    const to = { target, port, held: () => way.held, gone };
    return { address, stream: await this.#standIn.lead(socket, to) };
  }

  #target(host: string, port: number, policy: EgressPolicy): Host {
    const target = parseHost(host);
    if (!target)
      throw new Refusal('invalid', 'invalid', `${host} is neither a host name nor an address in its plain form.`);
    if (target.kind === 'name' && !policy.mayLookUp(target.name, port)) throw denied(host, port);
    return target;
  }

  /** The host's addresses that may be dialled, those of IPv4 first; throws where there are none. */
  async #addresses(target: Host, port: number, policy: EgressPolicy): Promise<readonly Address[]> {
    const all = target.kind === 'address' ? [target.address] : await this.#lookUp(target.name, port, policy);
    const translators = all.some(({ family }) => family === 6) ? await this.#translators.known() : [];
    const permitted = all.filter((address) => policy.permits(target, address, port, translators));
    if (permitted.length === 0) throw denied(target.kind === 'name' ? target.name : target.address.text, port);
    return permitted.sort((one, other) => one.family - other.family);
  }

  async #lookUp(name: string, port: number, policy: EgressPolicy): Promise<readonly Address[]> {
    const looking = this.#parts.resolver(name, policy.isNamed(name, port));
    const texts = await withDeadline(
      looking,
      this.#parts.deadlines.resolveMs,
      `${name} could not be looked up in time.`,
    ).catch((cause) => {
      if (isSandboxError(cause, 'timeout')) throw new Refusal('timeout', 'timeout', cause.message, cause);
      throw new Refusal('unreachable', 'unreachable', `${name} could not be looked up.`, cause);
    });
    const addresses = texts.map(parseAddress).filter((address) => address !== undefined);
    if (addresses.length === 0)
      throw new Refusal('unreachable', 'unreachable', `There is no host of the name ${name}.`);
    return addresses;
  }

  async #connect(addresses: readonly Address[], port: number, host: string, gone: AbortSignal) {
    const { addressMs, connectMs } = this.#parts.deadlines;
    const deadlineMs = this.#parts.clock.monotonicMs() + connectMs;
    let failure: unknown;
    for (const address of addresses) {
      const leftMs = deadlineMs - this.#parts.clock.monotonicMs();
      if (leftMs <= 0 || gone.aborted) break;
      try {
        return { address, socket: await dial(address, port, Math.min(addressMs, leftMs), gone) };
      } catch (error) {
        failure = error;
      }
    }
    if (failure instanceof DialTimeout) {
      throw new Refusal('timeout', 'timeout', `${host} does not answer on port ${port}.`, failure);
    }
    throw new Refusal('unreachable', 'unreachable', `${host} cannot be reached on port ${port}.`, failure);
  }
}

async function pause(milliseconds: number, gone: AbortSignal): Promise<void> {
  if (milliseconds > 0) await sleep(milliseconds, undefined, { signal: gone });
}
