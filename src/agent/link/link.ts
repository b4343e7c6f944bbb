import { z } from 'zod';
import type { Engine, EngineExec, EngineId } from '../../engines/engine.ts';
import { call } from '../calls/call.ts';
import { type AgentCallWatcher, AgentConnection, type AgentHello } from '../wire/connection.ts';
import { AgentFailure } from '../wire/failures.ts';
import type { SharedFrameBudget } from '../wire/frame-budget.ts';
import type { OpenListener } from '../wire/incoming-channel.ts';
import { ExecWatch } from './exec-watch.ts';
import { type AgentSettings, toHeader } from './header.ts';
import { LINE_SOCKET, receiveCall } from './socket-transport.ts';
import type { AgentSource } from './source.ts';
import { agentSilent, explainStart, toStartError } from './start-failures.ts';

/** How long an agent may take from exec to its first frame, and as long again to move to a socket of its own. */
const HELLO_TIMEOUT_MS = 10_000;

/** The same where an agent has run already: time is left to replace it, and to start the sandbox anew if that fails too. */
const RESUME_TIMEOUT_MS = 2_000;
const REPLACE_TIMEOUT_MS = 3_000;

/** An agent that ends so often in a row, each time within a minute, is ended by something in its sandbox. */
const MAX_LOSSES = 3;
const LOSS_WINDOW_MS = 60_000;

/** How every agent's program begins. */
const BOOTSTRAP_ARGV = ['python3', '-I', '-S', '-c'];

/** A folder that the server and the sandbox both see: its path on this machine, which changes when the sandbox is claimed, and inside. */
export interface SocketFolder {
  here: string;
  readonly inside: string;
}

/** What a link to an agent is made of. */
export interface AgentLinkParts {
  readonly engine: Engine;
  readonly engineId: EngineId;
  readonly source: AgentSource;
  readonly secret: string;
  readonly settings: AgentSettings;
  /** Where the agent calls past the engine; without it all goes through the engine. */
  readonly socketFolder: SocketFolder | null;
  /** Answers the channels that the agent opens; without it they are refused. */
  readonly onOpen?: OpenListener;
  /** Hears which of the programs of the settings the image has, from the first agent. */
  readonly onPrograms?: (found: readonly string[]) => void;
  /** What all agents of the server cost it together. */
  readonly frames: SharedFrameBudget;
  /** Told of each call; absent where nobody traces them. */
  readonly onAgentCall?: AgentCallWatcher | undefined;
}

/**
 * The server's connection to the agent of one started sandbox: connects on first use, shares one connection, and after a hung agent
 * replaces it. Throws `invalid` where the image cannot run an agent, `unavailable` where no agent answers.
 */
export class AgentLink {
  /** Called, again and again, while a program in the sandbox does not end that must: whoever owns the sandbox stops it. Never rejects. */
  onStuck: () => Promise<void> = async () => undefined;
  readonly #parts: AgentLinkParts;
  readonly #watch: ExecWatch;
  #connection: AgentConnection | undefined;
  #connecting: Promise<AgentConnection> | undefined;
  #mustReplace = false;
  #hasGreeted = false;
  #isLost = false;
  /** How often it was closed: what was under way by then comes to nothing. */
  #closes = 0;
  #losses = 0;

  constructor(parts: AgentLinkParts) {
    this.#parts = parts;
    this.#watch = new ExecWatch({
      ...parts,
      argv: BOOTSTRAP_ARGV,
      replace: async () => {
        if (this.current) return;
        this.#mustReplace = true;
        await this.connect();
      },
      stop: () => this.onStuck(),
    });
  }

  /** The open connection, if there is one: the path of every call but the first. */
  get current(): AgentConnection | undefined {
    return this.#connection?.isOpen ? this.#connection : undefined;
  }

  /** Says whether the sandbox is frozen: an agent that does not answer then does not count as hung. */
  set isFrozen(isFrozen: boolean) {
    if (this.#connection) this.#connection.freezes.isFrozen = isFrozen;
  }

  /** True where its agents have ended so often in a row that no other is started. */
  get isGivenUp(): boolean {
    return this.#losses >= MAX_LOSSES;
  }

  /** True until it has had a connection. */
  get isNew(): boolean {
    return !this.#hasGreeted;
  }

  /** The open connection, or a new one; calls at the same time share it. */
  connect(): Promise<AgentConnection> {
    if (this.#connection?.isOpen) return Promise.resolve(this.#connection);
    if (this.#isLost || this.isGivenUp) return Promise.reject(agentSilent());
    this.#connecting ??= this.#establish().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  /** Ends what connections of an earlier server have left in the sandbox. */
  async endOrphans(): Promise<void> {
    await this.#watch.followOrphans();
  }

  /** Ends the connection, also one that is being made; the agent stays and waits for another link. */
  close(reason: Error): void {
    this.#closes += 1;
    this.#watch.close();
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.close(reason);
  }

  async #establish(): Promise<AgentConnection> {
    const closes = this.#closes;
    try {
      return await this.#handOver(this.#mustReplace);
    } catch (error) {
      if (this.#mustReplace || closes !== this.#closes || !(error instanceof AgentFailure)) throw toStartError(error);
    }
    try {
      return await this.#handOver(true);
    } catch (error) {
      throw toStartError(error);
    }
  }

  async #handOver(replace: boolean): Promise<AgentConnection> {
    const { engine, engineId, source, secret, settings, onOpen, frames, onAgentCall } = this.#parts;
    const closes = this.#closes;
    const exec = await engine.exec(engineId, [...BOOTSTRAP_ARGV, source.bootstrap]);
    const connection = new AgentConnection(exec.stream, onOpen, frames, onAgentCall);
    void this.#watch.follow(exec, connection.closed);
    exec.stream.write(toHeader(source, secret, settings, replace));
    exec.stream.write(source.bundle);
    const resumeMs = replace ? REPLACE_TIMEOUT_MS : RESUME_TIMEOUT_MS;
    // Whoever has not met the agent yet may find one with all that it keeps, as after a restart of the server.
    const timeoutMs = this.#hasGreeted ? resumeMs : HELLO_TIMEOUT_MS;
    try {
      const hello = await greeting(connection, timeoutMs);
      if (hello.hash !== source.hash && !replace) {
        connection.close(new Error('The agent is of another version.'));
        return await this.#handOver(true);
      }
      if (!this.#hasGreeted && hello.programs) this.#parts.onPrograms?.(hello.programs);
    } catch (error) {
      // An image that has run an agent can run one; a sandbox that is just ending answers the same as one without Python.
      if (!this.#hasGreeted) await explainStart(engine, engineId, exec, error, replace);
      throw error;
    }
    this.#mustReplace = false;
    this.#hasGreeted = true;
    const direct = (await this.#move(connection, timeoutMs)) ?? connection;
    if (closes !== this.#closes) {
      const closed = new AgentFailure('lost', 'The sandbox was let go of while its agent was started.');
      direct.close(closed);
      throw closed;
    }
    this.#connection = direct;
    if (direct === connection) this.#watchStderr(exec, connection);
    const connectedAtMs = performance.now();
    void direct.closed.then((reason) => {
      if (reason instanceof AgentFailure && reason.code === 'hung') this.#mustReplace = true;
      if (this.#connection === direct) this.#countLoss(performance.now() - connectedAtMs);
    });
    return direct;
  }

  /**
   * An agent writes nothing to stderr: what comes there is a runtime that has lost its sandbox. Docker may keep the stream open then,
   * and for seconds call the sandbox running; whatever is started in it meanwhile holds both up.
   */
  #watchStderr(exec: EngineExec, connection: AgentConnection): void {
    exec.onStderr(() => {
      this.#isLost = true;
      connection.close(new AgentFailure('lost', 'The connection to the sandbox was lost while it worked.'));
    });
  }

  /** Has the agent call on a socket of its own, past the engine; null where that cannot be, for which there are many good reasons. */
  async #move(connection: AgentConnection, timeoutMs: number): Promise<AgentConnection | null> {
    const { socketFolder, onOpen, frames, onAgentCall } = this.#parts;
    if (!socketFolder) return null;
    const path = `${socketFolder.inside}/${LINE_SOCKET}`;
    const ask = (token: string) => call(connection, 'socket', { path, token }, z.object({}), { deadlineMs: timeoutMs });
    const socket = await receiveCall(socketFolder.here, ask, timeoutMs).catch(() => null);
    if (!socket && connection.isOpen) return null;
    if (!socket) throw new AgentFailure('lost', 'The agent ended as soon as it had greeted.');
    const direct = new AgentConnection(socket, onOpen, frames, onAgentCall);
    try {
      await greeting(direct, timeoutMs);
    } finally {
      connection.close(new Error('The agent has moved to a socket of its own.'));
    }
    return direct;
  }

  #countLoss(livedMs: number): void {
    this.#losses = livedMs < LOSS_WINDOW_MS ? this.#losses + 1 : 1;
  }
}

/** The agent's first frame; a connection on which it does not come in time is closed as hung. */
async function greeting(connection: AgentConnection, timeoutMs: number): Promise<AgentHello> {
  const timer = setTimeout(
    () => connection.close(new AgentFailure('hung', 'The agent did not greet in time.')),
    timeoutMs,
  );
  try {
    return await connection.hello;
  } finally {
    clearTimeout(timer);
  }
}
