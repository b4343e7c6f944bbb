import createClient, { type Client } from 'openapi-fetch';
import { SandboxError, toError, toLost } from './errors.ts';
import type { paths } from './schema.ts';

/** How much longer than the call itself its answer may take, in seconds. */
const GRACE_SECONDS = 30;

/** Where the server is, and how it is asked. */
export interface ClientOptions {
  /** Where the server is, such as `http://localhost:8080`, or `http://key:<key>@localhost:8080`. */
  readonly baseUrl: string;
  /** Where neither this nor the address has it, Node takes SANDBOX_API_KEY. */
  readonly apiKey?: string;
  /** How long an answer may take where the call itself names no time, in seconds; 30 if not given. */
  readonly timeout?: number;
  /** In place of the global one. */
  readonly fetch?: (request: Request) => Promise<Response>;
  /** Opens a WebSocket in place of the global one, which Node 20 has not. */
  readonly webSocket?: (url: string, protocols: string[]) => WebSocket;
}

/** What openapi-fetch resolves with. */
interface Outcome<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}

/** The one place that speaks HTTP. */
export class Transport {
  readonly http: Client<paths>;
  readonly #baseUrl: string;
  readonly #timeout: number;
  readonly #webSocket: NonNullable<ClientOptions['webSocket']>;

  constructor({ baseUrl, apiKey, timeout = 30, fetch, webSocket = openGlobal }: ClientOptions) {
    this.#timeout = timeout;
    this.#webSocket = webSocket;
    const { address, password } = apart(baseUrl);
    this.#baseUrl = address.replace(/\/+$/, '');
    const key = apiKey ?? password ?? keyOfEnvironment();
    this.http = createClient<paths>({
      baseUrl: this.#baseUrl,
      ...(key === undefined ? {} : { headers: { 'X-API-Key': key } }),
      ...(fetch ? { fetch } : {}),
    });
  }

  /** For a call that itself may take N seconds; the client's own time where that names none. */
  deadline(seconds?: number): AbortSignal {
    const allowed = seconds === undefined ? this.#timeout : Math.max(this.#timeout, seconds + GRACE_SECONDS);
    return AbortSignal.timeout(allowed * 1000);
  }

  /** The data of an answer of success; throws a SandboxError else. */
  async data<T>(call: Promise<Outcome<T>>): Promise<T> {
    return (await this.#settled(call)).data as T;
  }

  /** The answer itself, if it is one of success. */
  async response(call: Promise<Outcome<unknown>>): Promise<Response> {
    return (await this.#settled(call)).response;
  }

  /** Opens a WebSocket at a path of the API that needs no key, such as one with a signature. */
  webSocket(path: string, protocols: string[]): WebSocket {
    return this.#webSocket(`${this.#baseUrl.replace(/^http/i, 'ws')}${path}`, protocols);
  }

  async #settled<T>(call: Promise<Outcome<T>>): Promise<Outcome<T>> {
    const outcome = await call.catch((error: unknown) => Promise.reject(toLost(error)));
    if (!outcome.response.ok) throw toError(outcome.response, outcome.error);
    return outcome;
  }
}

/** An address and the password in it, since fetch takes none with a password. */
function apart(baseUrl: string): { readonly address: string; readonly password?: string } {
  const [, scheme = '', password = '', rest = ''] = /^(https?:\/\/)[^/?#@]*:([^/?#@]*)@(.*)$/i.exec(baseUrl) ?? [];
  return password === '' ? { address: baseUrl } : { address: scheme + rest, password: decodeURIComponent(password) };
}

function openGlobal(url: string, protocols: string[]): WebSocket {
  if (globalThis.WebSocket) return new WebSocket(url, protocols);
  throw new SandboxError('There is no WebSocket here: give the client one that opens them, as `webSocket`.');
}

function keyOfEnvironment(): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env?.SANDBOX_API_KEY;
}
