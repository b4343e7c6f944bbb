import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { LifePolicy } from '../../../sandboxes/asked/life-policy.ts';
import type { LogLine } from '../../../sandboxes/sandbox-logs.ts';
import type { SandboxStatus } from '../../../sandboxes/status/status.ts';
import { toMoment } from '../fields.ts';
import { type ManagerNotes, readNotes } from '../notes.ts';
import type { resources, sandbox } from './schemas.ts';

type Sandbox = z.output<typeof sandbox>;

const NEVER = { when: 'never' } as const;

/** The life of a sandbox here: never stopped for idleness, and stopped N seconds after its start; 0 is never. */
export function toLife(timeoutSeconds: number): LifePolicy {
  const end = timeoutSeconds === 0 ? NEVER : ({ when: 'up', afterSeconds: timeoutSeconds, by: 'stop' } as const);
  return { pauseAfter: 'default', stopAfter: 'never', yieldsAtCap: false, end };
}

/** What is echoed of the resources that a client asked for. */
export function toResources(asked: z.output<typeof resources> | null | undefined): ManagerNotes['resources'] {
  const { cpu, memory, gpu, timeout, max_retries } = asked ?? {};
  return {
    cpu: cpu ?? 1,
    memory: memory ?? '512m',
    ...(gpu == null ? {} : { gpu }),
    ...(timeout == null ? {} : { timeout }),
    ...(max_retries == null ? {} : { max_retries }),
  };
}

/** A number for what has a text as its id: the first 48 bits of that. */
function toNumber(hexId: string): number {
  return Number.parseInt(hexId.slice(0, 12), 16);
}

/** A sandbox of this dialect; frozen by its idleness it runs, as the next call wakes it. */
export function toSandbox(
  found: SandboxStatus,
  volumes: Sandbox['volumes'],
  isRestarting: boolean,
  urlOf: (port: ManagerNotes['ports'][number]) => string | null,
): Sandbox {
  const notes = readNotes(found.notes);
  const ports = notes.ports.map((port) => ({
    id: toNumber(digestOf(`${found.address.id} ${port.internal}`)),
    internal_port: port.internal,
    external_port: port.external ?? port.internal,
    protocol: port.protocol,
    url: urlOf(port),
  }));
  return {
    id: toNumber(found.address.id),
    container_id: found.address.id,
    name: found.name ?? '',
    status: statusOf(found, isRestarting),
    image: found.imageName ?? found.image,
    command: notes.command?.text ?? null,
    entrypoint: notes.entrypoint?.text ?? null,
    resources: toShownResources(notes.resources),
    environment: { ...found.env },
    created_at: toMoment(found.createdAtMs),
    started_at: found.startedAtMs === null ? null : toMoment(found.startedAtMs),
    terminated_at: terminationOf(found),
    last_active: toMoment(found.lastUsedAtMs),
    exit_code: found.mainExitCode,
    auto_remove: notes.autoRemove,
    volumes,
    networks: [...found.networks],
    ports,
    urls: Object.fromEntries(ports.flatMap(({ internal_port, url }) => (url === null ? [] : [[internal_port, url]]))),
  };
}

/** What the log says of ports that nobody reaches. */
export function toNotes(ports: ManagerNotes['ports'], atMs: number): LogLine[] {
  return ports.map(({ internal, protocol }) => ({
    atMs,
    source: 'system',
    level: 'warning',
    message: `Port ${internal}/${protocol} has no URL: only HTTP is served.`,
  }));
}

/** The state in the engine's words. */
function statusOf({ state }: Pick<SandboxStatus, 'state'>, isRestarting: boolean): Sandbox['status'] {
  if (state === 'creating') return 'created';
  if (state !== 'running' && state !== 'paused') return 'exited';
  return isRestarting ? 'restarting' : 'running';
}

function terminationOf({ state, haltedAtMs, lastStop }: SandboxStatus): string | null {
  if (state !== 'stopped') return null;
  const atMs = haltedAtMs ?? lastStop?.atMs ?? null;
  return atMs === null ? null : toMoment(atMs);
}

function toShownResources(resources: ManagerNotes['resources']): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(resources).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
