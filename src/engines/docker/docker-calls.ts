import type { Agent } from 'node:http';
import type { Duplex } from 'node:stream';
import Docker from 'dockerode';
import { SandboxError } from '../../base/errors.ts';
import type { EngineId } from '../engine.ts';
import { answerWithin } from './answer-within.ts';
import { createEngineAgent } from './engine-agent.ts';
import { type CallSubject, engineSilent, toSandboxError } from './errors.ts';

/** True for what can be an id or a name in Docker. */
export function isDockerName(text: string): boolean {
  return /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(text);
}

/** The connection to the Docker engine: each call gets a deadline and translated errors; it owns all sockets. */
export class DockerCalls {
  readonly timeoutMs: number;
  readonly #docker: Docker;
  readonly #agent: Agent;
  readonly #streams = new Set<Duplex>();
  #closed = false;

  constructor(options: Docker.DockerOptions, timeoutMs: number) {
    this.timeoutMs = timeoutMs;
    this.#docker = new Docker(options);
    const { modem } = this.#docker;
    // dockerode works out from DOCKER_HOST which protocol it is.
    this.#agent = createEngineAgent('protocol' in modem && modem.protocol === 'https' ? 'https' : 'http');
    Object.assign(modem, { agent: this.#agent });
  }

  /** Makes one call; a `timeoutMs` that is not given is the default. */
  async run<T>(
    subject: CallSubject,
    call: (docker: Docker, signal: AbortSignal) => Promise<T>,
    timeoutMs = this.timeoutMs,
  ): Promise<T> {
    if (this.#closed) throw engineSilent();
    try {
      return await answerWithin(timeoutMs, subject.doing, (signal) => call(this.#docker, signal));
    } catch (error) {
      throw toSandboxError(error, subject);
    }
  }

  /** The subject of a call about one sandbox. */
  about(id: EngineId, doing: string): CallSubject {
    return { doing, absent: { kind: 'not_found', message: `There is no sandbox ${id.slice(0, 12)}.` } };
  }

  /** An id or name as it goes into a URL, unchanged; dockerode neither encodes it nor minds where a redirect then leads. */
  path(idOrName: string): string {
    if (!isDockerName(idOrName)) throw new SandboxError('not_found', 'There is no sandbox of that name.');
    return idOrName;
  }

  /** Takes a stream that is to end with the connection. */
  own(stream: Duplex): void {
    if (this.#closed) stream.destroy();
    this.#streams.add(stream);
    stream.once('close', () => this.#streams.delete(stream));
  }

  /** Ends all calls and streams. */
  close(): void {
    this.#closed = true;
    for (const stream of this.#streams) stream.destroy();
    this.#agent.destroy();
  }
}
