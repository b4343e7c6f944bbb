import { Checkpoints } from './checkpoints.ts';
import { Contexts } from './contexts.ts';
import { readEvents, type SandboxEvent } from './events.ts';
import { Files } from './files.ts';
import { Ports } from './ports.ts';
import { Processes } from './processes.ts';
import { openWebSocket, sign } from './signing.ts';
import type { Transport } from './transport.ts';
import type { CreateSettings, Execution, SandboxInfo, UpdateSettings, Usage } from './types.ts';

const NDJSON = { Accept: 'application/x-ndjson' };

/** How code runs. */
export interface ExecuteOptions {
  /** `python` if not given. */
  readonly language?: string;
  /** In seconds; 30 if not given. */
  readonly timeout?: number;
  /** Where variables live on. */
  readonly context?: string;
  /** Whether it may leave programs running. */
  readonly keepRunning?: boolean;
}

/** How a command runs; `timeout` in seconds, 60 if not given. */
export type ShellOptions = Pick<ExecuteOptions, 'timeout' | 'keepRunning'>;

/** A user's sandbox, which is made and woken by what is done with it. */
export class Sandbox {
  readonly userId: string;
  readonly contexts: Contexts;
  readonly processes: Processes;
  readonly files: Files;
  readonly ports: Ports;
  readonly checkpoints: Checkpoints;
  readonly #transport: Transport;

  constructor(transport: Transport, userId: string) {
    this.userId = userId;
    this.#transport = transport;
    this.contexts = new Contexts(transport, userId);
    this.processes = new Processes(transport, userId);
    this.files = new Files(transport, userId);
    this.ports = new Ports(transport, userId);
    this.checkpoints = new Checkpoints(transport, userId);
  }

  /** Makes it where it is not there. */
  async create(settings: CreateSettings = {}): Promise<SandboxInfo> {
    const { http, ...options } = this.#call(30);
    return await this.#transport.data(http.POST('/sandbox/{user_id}/create', { ...options, body: settings }));
  }

  /** How it is; throws SandboxNotFoundError where it was never made. */
  async status(): Promise<SandboxInfo> {
    const { http, ...options } = this.#call();
    return await this.#transport.data(http.GET('/sandbox/{user_id}/status', options));
  }

  /** Changes settings; what needs a restart is refused unless `allow_restart` is true. */
  async update(settings: UpdateSettings): Promise<SandboxInfo> {
    const { http, ...options } = this.#call(30);
    return await this.#transport.data(http.PATCH('/sandbox/{user_id}', { ...options, body: settings }));
  }

  /** Ends what runs in it and starts it anew, with its files. */
  async restart(): Promise<SandboxInfo> {
    const { http, ...options } = this.#call(30);
    return await this.#transport.data(http.POST('/sandbox/{user_id}/restart', options));
  }

  /** Freezes it, memory and all; the next call thaws it. */
  async pause(): Promise<SandboxInfo> {
    const { http, ...options } = this.#call(30);
    return await this.#transport.data(http.POST('/sandbox/{user_id}/pause', options));
  }

  /** Thaws or starts it. */
  async resume(): Promise<SandboxInfo> {
    const { http, ...options } = this.#call(30);
    return await this.#transport.data(http.POST('/sandbox/{user_id}/resume', options));
  }

  /** Ends what runs in it; its files stay. */
  async stop(): Promise<void> {
    const { http, ...options } = this.#call(30);
    await this.#transport.response(http.POST('/sandbox/{user_id}/stop', options));
  }

  /** Removes it; its files too where `files` says so. */
  async delete({ files = false }: { readonly files?: boolean } = {}): Promise<void> {
    const { http, signal, params } = this.#call(30);
    const query = { files: files ? ('true' as const) : ('false' as const) };
    await this.#transport.response(http.DELETE('/sandbox/{user_id}', { signal, params: { ...params, query } }));
  }

  /** What it takes of memory, CPU, disk and network. */
  async usage(): Promise<Usage> {
    const { http, ...options } = this.#call();
    return await this.#transport.data(http.GET('/sandbox/{user_id}/usage', options));
  }

  /** Runs code to its end. */
  async execute(code: string, options: ExecuteOptions = {}): Promise<Execution> {
    const { http, ...call } = this.#call(options.timeout ?? 30);
    const body = codeBody(code, options);
    return await this.#transport.data(http.POST('/sandbox/{user_id}/execute', { ...call, body }));
  }

  /** Runs a shell's command to its end. */
  async shell(command: string, options: ShellOptions = {}): Promise<Execution> {
    const { http, ...call } = this.#call(options.timeout ?? 60);
    const body = commandBody(command, options);
    return await this.#transport.data(http.POST('/sandbox/{user_id}/shell', { ...call, body }));
  }

  /** Installs a package of Python for this user; `timeout` in seconds, 120 if not given. */
  async pipInstall(name: string, { timeout = 120 }: { readonly timeout?: number } = {}): Promise<Execution> {
    const { http, ...call } = this.#call(timeout);
    const body = { package: name, timeout };
    return await this.#transport.data(http.POST('/sandbox/{user_id}/pip/install', { ...call, body }));
  }

  /** The events of code as they come, up to `exit`; leaving the loop ends the code unless it is to be kept running. */
  async *streamExecute(code: string, options: ExecuteOptions = {}): AsyncGenerator<SandboxEvent, void, undefined> {
    const { http, params } = this.#call();
    const call = { params, headers: NDJSON, parseAs: 'stream' as const, body: codeBody(code, options) };
    yield* readEvents(await this.#transport.response(http.POST('/sandbox/{user_id}/execute', call)));
  }

  /** The events of a command as they come, up to `exit`. */
  async *streamShell(command: string, options: ShellOptions = {}): AsyncGenerator<SandboxEvent, void, undefined> {
    const { http, params } = this.#call();
    const call = { params, headers: NDJSON, parseAs: 'stream' as const, body: commandBody(command, options) };
    yield* readEvents(await this.#transport.response(http.POST('/sandbox/{user_id}/shell', call)));
  }

  /** A URL that needs no key, for one route below this sandbox, such as `/raw?path=a.txt`. */
  async sign(method: 'GET' | 'PUT' | 'POST', path: string, expiresIn?: number): Promise<string> {
    return await sign(this.#transport, this.userId, { method, path, expiresIn });
  }

  /** A WebSocket at a path below this sandbox, such as `/ports/8000/`, that begins to open; for as long as a signature is good, 7 days. */
  async webSocket(path: string, protocols: string[] = []): Promise<WebSocket> {
    return await openWebSocket(this.#transport, this.userId, path, protocols);
  }

  #call(seconds?: number) {
    const { http } = this.#transport;
    return { http, params: { path: { user_id: this.userId } }, signal: this.#transport.deadline(seconds) };
  }
}

function codeBody(code: string, { language, timeout = 30, context, keepRunning = false }: ExecuteOptions) {
  return {
    code,
    timeout,
    keep_running: keepRunning,
    ...(language === undefined ? {} : { language }),
    ...(context === undefined ? {} : { context }),
  };
}

function commandBody(command: string, { timeout = 60, keepRunning = false }: ShellOptions) {
  return { command, timeout, keep_running: keepRunning };
}
