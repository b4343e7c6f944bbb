import { once } from 'node:events';
import { eventsOf } from './sse-messages.mjs';

const VERSION = 'io.modelcontextprotocol/protocolVersion';

const PARSE_ERROR = -32_700;
const SERVER_ERROR = -32_000;

/**
 * @typedef {{ id?: string | number, method?: string, params?: Record<string, any>, result?: any, error?: any }} Message
 */

/** Passes messages of MCP on to a server over HTTP, and its answers back, a line of JSON each. */
export class McpBridge {
  #url;
  #key;
  #output;
  /** @type {string | undefined} */
  #version;
  /** @type {string | undefined} */
  #label;
  /** @type {Map<string | number, AbortController>} */
  #calls = new Map();
  /** @type {Set<Promise<void>>} */
  #underWay = new Set();

  /**
   * @param {string} url of the server's MCP
   * @param {string} key
   * @param {import('node:stream').Writable} output
   */
  constructor(url, key, output) {
    this.#url = url;
    this.#key = key;
    this.#output = output;
  }

  /**
   * Passes on a line, and writes what is answered when it comes; errors are answers too.
   * @param {string} line
   */
  take(line) {
    if (line.trim() === '') return;
    const done = this.#pass(line).finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
  }

  /** Gives up what is under way: nobody reads it any more. */
  async close() {
    for (const call of this.#calls.values()) call.abort();
    await Promise.all(this.#underWay);
  }

  /** @param {string} line */
  async #pass(line) {
    const message = parse(line);
    if (message === null) return await this.#fail(null, PARSE_ERROR, 'The line is no JSON.');
    const call = new AbortController();
    if (message.id !== undefined && message.method !== undefined) this.#calls.set(message.id, call);
    try {
      await this.#send(message, call.signal);
      // In 2026 a call is cancelled by closing its stream; before, by the message that has just been passed on.
      if (message.method === 'notifications/cancelled') this.#calls.get(message.params?.requestId)?.abort();
    } catch (error) {
      if (call.signal.aborted || message.id === undefined) return;
      await this.#fail(message.id, SERVER_ERROR, `The server at ${this.#url} cannot be reached: ${reasonOf(error)}.`);
    } finally {
      if (message.id !== undefined) this.#calls.delete(message.id);
    }
  }

  /**
   * @param {Message} message
   * @param {AbortSignal} signal
   */
  async #send(message, signal) {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: this.#headersOf(message),
      body: JSON.stringify(message),
      signal,
    });
    this.#label = response.headers.get('mcp-session-id') ?? this.#label;
    if (response.status === 202 || response.body === null) return;
    if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
      for await (const data of eventsOf(response.body)) await this.#answer(message, parse(data));
    } else {
      const body = parse(await response.text());
      if (body !== null) await this.#answer(message, body);
      else if (message.id !== undefined)
        await this.#fail(message.id, SERVER_ERROR, `The server answered ${response.status}.`);
    }
  }

  /**
   * @param {Message} message
   * @returns {Record<string, string>}
   */
  #headersOf({ method, params }) {
    const own = params?._meta?.[VERSION];
    const version = own ?? this.#version;
    const name = params?.name ?? params?.uri;
    return {
      authorization: `Bearer ${this.#key}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(typeof version === 'string' ? { 'mcp-protocol-version': version } : {}),
      ...(this.#label === undefined ? {} : { 'mcp-session-id': this.#label }),
      ...(typeof own === 'string' && method !== undefined ? { 'mcp-method': method } : {}),
      ...(typeof own === 'string' && typeof name === 'string' ? { 'mcp-name': toHeader(name) } : {}),
    };
  }

  /**
   * @param {Message} request
   * @param {Message | null} answer
   */
  async #answer(request, answer) {
    if (answer === null) return;
    if (request.method === 'initialize') this.#version = answer.result?.protocolVersion ?? this.#version;
    const isNobodys = answer.error !== undefined && (answer.id === undefined || answer.id === null);
    // A notification has no answer, whatever becomes of it.
    if (isNobodys && request.id === undefined && request.method !== undefined) return;
    await this.#write(isNobodys ? { ...answer, id: request.id ?? null } : answer);
  }

  /**
   * @param {string | number | null} id
   * @param {number} code
   * @param {string} message
   */
  async #fail(id, code, message) {
    await this.#write({ jsonrpc: '2.0', id, error: { code, message } });
  }

  /** @param {object} message */
  async #write(message) {
    if (!this.#output.write(`${JSON.stringify(message)}\n`)) await once(this.#output, 'drain');
  }
}

/**
 * @param {string} text
 * @returns {Message | null}
 */
function parse(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

/**
 * A name as a header can carry it, as the protocol has it for what is no plain ASCII.
 * @param {string} name
 */
function toHeader(name) {
  return /^[!-~](?:[ -~]*[!-~])?$/.test(name) ? name : `=?base64?${Buffer.from(name).toString('base64')}?=`;
}

/** @param {unknown} error */
function reasonOf(error) {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}
