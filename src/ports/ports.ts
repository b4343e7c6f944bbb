import type { Duplex } from 'node:stream';
import { type Listener, listListeners } from '../agent/calls/ports.ts';
import { openTunnel } from '../agent/calls/tunnel.ts';
import { AgentFailure } from '../agent/wire/failures.ts';
import { SandboxError } from '../base/errors.ts';
import type { SandboxAddress } from '../base/sandbox-address.ts';
import type { SandboxRef } from '../sandboxes/asked/ref.ts';
import type { NotedPorts, OwnedPort, PortNotes, PortSettings } from '../sandboxes/port-notes.ts';
import type { Sandboxes } from '../sandboxes/sandboxes.ts';
import { Visits } from './visits.ts';

export type { PortSettings };

/** A port of a sandbox: somebody listens on it, or something is settled for it. */
export interface Port extends PortSettings {
  readonly port: number;
  /** Who listens; null where nobody does, or nobody knows who. */
  readonly process: Listener['process'];
  /** Names the preview hosts of its sandbox. */
  readonly previewId: string;
}

/** Of a port for which nothing is settled. */
export const UNSETTLED: PortSettings = { visibility: 'private', pathPrefix: null };

/** Servers that code has started in sandboxes. Methods throw `not_found` where there is no sandbox. */
export class Ports {
  readonly #sandboxes: Sandboxes;
  readonly #notes: PortNotes;
  /** Open connections of visitors without a key. */
  readonly #visits = new Visits();

  constructor(sandboxes: Sandboxes, notes: PortNotes) {
    this.#sandboxes = sandboxes;
    this.#notes = notes;
  }

  /** All that listen, and those with settings, lowest first; of a stopped sandbox the latter alone. */
  async list(ref: SandboxRef): Promise<readonly Port[]> {
    const noted = await this.#notes.read(ref);
    const listeners = (await this.#sandboxes.look(ref, listListeners)) ?? [];
    const numbers = new Set([...listeners.map(({ port }) => port), ...Object.keys(noted.ports).map(Number)]);
    return [...numbers].sort((one, other) => one - other).map((port) => toPort(port, noted, listeners));
  }

  /** One of them; throws `not_found` where it is none. */
  async get(ref: SandboxRef, port: number): Promise<Port> {
    const found = (await this.list(ref)).find((one) => one.port === port);
    if (found) return found;
    throw new SandboxError('not_found', `Nothing listens on port ${port} of the sandbox, and nothing is set for it.`);
  }

  /** Settles who may reach a port, and ends the connections of those who may not any more; starts a stopped sandbox. */
  async change(ref: SandboxRef, port: number, settings: PortSettings): Promise<Port> {
    const noted = await this.#notes.change(ref, port, settings);
    if (settings.visibility === 'private') this.#visits.end(ref, port);
    return toPort(port, noted, await this.#listeners(ref));
  }

  /** Notes that a URL was signed that opens a port until then, in milliseconds of the wall clock; starts a stopped sandbox. */
  async share(ref: SandboxRef, port: number, untilMs: number): Promise<Port> {
    const noted = await this.#notes.noteUrl(ref, port, untilMs);
    return toPort(port, noted, await this.#listeners(ref));
  }

  /** Settles all ports of a sandbox at once; throws `conflict` where another sandbox has one of their subdomains. */
  async settle(ref: SandboxRef, ports: Readonly<Record<number, PortSettings>>): Promise<void> {
    await this.#notes.settle(ref, ports);
  }

  /** The public port of a host, by its own label or by place, of a sandbox that belongs to who made it; null for any other. */
  async ownedPort(host: Parameters<PortNotes['ownedPort']>[0]): Promise<OwnedPort | null> {
    return await this.#notes.ownedPort(host);
  }

  /** What is settled for a port, without a question to the sandbox. */
  async settingsOf(ref: SandboxRef, port: number): Promise<PortSettings> {
    return (await this.#notes.read(ref)).ports[port] ?? UNSETTLED;
  }

  /** The address of the sandbox whose preview hosts have this id, deleted or not; null where none has. */
  async addressOf(previewId: string): Promise<SandboxAddress | null> {
    return await this.#notes.addressOf(previewId);
  }

  /** True for a port that is public, or that a URL opens which is still good; false for one of a sandbox that is not there. */
  async isShown(previewId: string, port: number): Promise<boolean> {
    return await this.#notes.isShown(previewId, port);
  }

  /**
   * Connects to a port; the stream holds the sandbox awake until it is closed, that of a visitor for a while only. Throws `unreachable` where the sandbox is stopped or
   * nothing listens, `not_found` for a port of the agent's own, `limit` where there are as many connections as may be, `unauthorized` for a
   * visitor of a port that was made private meanwhile.
   */
  async connect(ref: SandboxRef, port: number, { isVisitor }: { readonly isVisitor: boolean }): Promise<Duplex> {
    const stream = await this.#open(ref, port, isVisitor);
    if (isVisitor) await this.#admitVisitor(ref, port, stream);
    return stream;
  }

  async #open(ref: SandboxRef, port: number, isVisitor: boolean): Promise<Duplex> {
    const lease = isVisitor ? 'visit' : 'preview';
    const held = await this.#sandboxes.acquire(ref, { lease, isUse: !isVisitor, thawsOnly: true });
    try {
      const stream = await openTunnel(held.connection, port);
      stream.once('close', () => held.release(null));
      return stream;
    } catch (cause) {
      const error = toConnectError(cause, port);
      held.release(error);
      throw error;
    }
  }

  /** Has a visitor's connection end once the port is private, be that at once. */
  async #admitVisitor(ref: SandboxRef, port: number, stream: Duplex): Promise<void> {
    // Before the settings are looked at, so that no change of them falls in between.
    this.#visits.note(ref, port, stream);
    try {
      const { visibility } = await this.settingsOf(ref, port);
      if (visibility === 'private') throw new SandboxError('unauthorized', 'The port is private now.');
    } catch (error) {
      stream.destroy();
      throw error;
    }
  }

  #listeners(ref: SandboxRef): Promise<readonly Listener[]> {
    return this.#sandboxes.use(ref, { lease: 'file' }, ({ connection }) => listListeners(connection));
  }
}

function toPort(port: number, { ports, previewId }: NotedPorts, listeners: readonly Listener[]): Port {
  const process = listeners.find((one) => one.port === port)?.process ?? null;
  return { port, process, previewId, ...(ports[port] ?? UNSETTLED) };
}

function toConnectError(cause: unknown, port: number): unknown {
  if (!(cause instanceof AgentFailure)) return cause;
  if (cause.code === 'denied') return new SandboxError('not_found', `Port ${port} is the sandbox's own.`, { cause });
  if (cause.code === 'not_found') {
    return new SandboxError('unreachable', `Nothing listens on port ${port} of the sandbox.`, { cause });
  }
  return cause;
}
