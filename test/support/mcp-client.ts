import type { InjectOptions, LightMyRequestResponse } from 'fastify';

/** What the protocol's version of today carries with each request. */
const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** A message as it is sent. */
export interface Message {
  readonly method: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly id?: number | string;
}

/** How a client of 2025 begins. */
export const INITIALIZE: Message = {
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
};

/** The call of a tool. */
export function callOf(name: string, args: Readonly<Record<string, unknown>>, id = 1): Message {
  return { id, method: 'tools/call', params: { name, arguments: args } };
}

/** An answer without its frame, whatever that was. */
export interface McpAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect of it
  readonly result: any;
  // biome-ignore lint/suspicious/noExplicitAny: the same
  readonly error: any;
  readonly headers: LightMyRequestResponse['headers'];
}

/** A request of the version of 2025. */
export function toLegacy(message: Message, headers: Readonly<Record<string, string>>): InjectOptions {
  return {
    method: 'POST',
    url: '/mcp',
    headers: { accept: 'application/json, text/event-stream', 'content-type': 'application/json', ...headers },
    payload: { jsonrpc: '2.0', ...message },
  };
}

/** The same request of the version of 2026, with the headers that repeat what is in it. */
export function toModern(message: Message, headers: Readonly<Record<string, string>>): InjectOptions {
  const name = message.params?.name ?? message.params?.uri;
  const standard = {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': message.method,
    ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
  };
  const params = { ...message.params, _meta: ENVELOPE };
  return toLegacy({ ...message, params }, { ...standard, ...headers });
}

/** What was answered, as one body or as the last message of a stream. */
export function parseAnswer(response: LightMyRequestResponse): McpAnswer {
  const { statusCode: status, headers, body } = response;
  const lines = body.split('\n').filter((line) => line.startsWith('data: '));
  const text = lines.at(-1)?.slice('data: '.length) ?? body;
  const { result, error } = text === '' ? {} : JSON.parse(text);
  return { status, result, error, headers };
}
