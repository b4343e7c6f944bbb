import type { JSONRPCRequest, McpServerFactory } from '@modelcontextprotocol/server';
import { isOfMethod } from './calls-under-way.ts';
import type { Sdk } from './serving.ts';

/** How a client says that it takes an answer as one as well as a stream. */
const BOTH = /^(?=.*application\/json)(?=.*text\/event-stream)/;

/** True for the call of a tool whose client takes an answer in either form. */
export function isPatientCall({ method, headers }: Request, body: unknown): boolean {
  return method === 'POST' && isOfMethod(body, 'tools/call') && BOTH.test(headers.get('accept') ?? '');
}

/** The body as such a call in a version of the protocol until 2025-11-25; null where it is anything else, or is not all that such a request must be. */
export async function toSingleCall(request: Request, body: unknown, sdk: Sdk): Promise<JSONRPCRequest | null> {
  const { headers } = request;
  const version = headers.get('mcp-protocol-version') ?? sdk.DEFAULT_NEGOTIATED_PROTOCOL_VERSION;
  if (!sdk.isJSONRPCRequest(body) || !sdk.SUPPORTED_PROTOCOL_VERSIONS.includes(version)) return null;
  const isWhole = sdk.isJsonContentType(headers.get('content-type')) && (await sdk.isLegacyRequest(request, body));
  return isWhole ? body : null;
}

/** Answers such a call as one JSON, or as a stream where something is told before its result: the library has streams alone for these versions. One that was cut off is a stream of nothing. */
export async function answerSingleCall(
  sdk: Sdk,
  factory: McpServerFactory,
  request: Request,
  message: JSONRPCRequest,
): Promise<Response> {
  const server = await factory({ era: 'legacy', requestInfo: request });
  const transport = new sdk.PerRequestHTTPServerTransport({ classification: { era: 'legacy' } });
  await server.connect(transport);
  try {
    return await transport.handleMessage(message, { request });
  } catch (error) {
    if (request.signal.aborted) return new Response(null, { headers: { 'content-type': 'text/event-stream' } });
    throw error;
  }
}
