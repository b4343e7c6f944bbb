import type { CallToolResult, McpServerFactory } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { isSandboxError } from '../../base/errors.ts';
import { InvalidRequest } from '../../http/validation/validation.ts';
import { textBlock } from './blocks.ts';
import { INSTRUCTIONS } from './instructions.ts';
import { listResources, readResource, TEMPLATE } from './resources.ts';
import type { Caller, Tool, ToolAnswer } from './tool.ts';

/** The library that speaks the protocol; loaded when somebody needs it. */
export type Sdk = typeof import('@modelcontextprotocol/server');

/** How long clients may keep a list, in milliseconds: it changes with the server's version alone. */
const LIST_TTL_MS = 3_600_000;

/** How often a client that asked for it hears that a call goes on, in milliseconds. */
const PROGRESS_MS = 10_000;

/** What a list takes: every one is whole, so that no cursor was given out. */
const ofList = {
  params: z.looseObject({ cursor: z.undefined('must be absent: no list has a second page').optional() }),
};

const ofFile = { params: z.looseObject({ uri: z.string('must be a text') }) };

interface ServingParts {
  readonly sdk: Sdk;
  readonly version: string;
  readonly tools: readonly Tool[];
  /** Who has sent a request. */
  readonly callerOf: (request: Request | undefined) => Omit<Caller, 'signal' | 'progress'>;
  /** Hears what nobody expected. */
  readonly onError: (error: unknown) => void;
}

/** Makes what serves one request, of either version of the protocol. */
export function serving({ sdk, version, tools, callerOf, onError }: ServingParts): McpServerFactory {
  const { ProtocolError, ProtocolErrorCode, ResourceNotFoundError, Server } = sdk;
  const byName = new Map(tools.map((tool) => [tool.listed.name, tool]));
  const listed = tools.map(({ listed: tool }) => ({ ...tool, annotations: { ...tool.annotations } }));
  const lasting = { ttlMs: LIST_TTL_MS, cacheScope: 'public' } as const;
  const cacheHints = { 'tools/list': lasting, 'resources/templates/list': lasting, 'server/discover': lasting };
  const capabilities = { tools: {}, resources: {} };
  const fileTemplate = { uriTemplate: TEMPLATE, name: 'file', description: 'A file in a sandbox, by its path' };

  return ({ requestInfo }) => {
    const sender = callerOf(requestInfo);
    const server = new Server(
      { name: 'clara-sandbox', title: 'Clara Sandbox', version },
      { capabilities, instructions: INSTRUCTIONS, cacheHints },
    );
    server.setRequestHandler('tools/list', ofList, () => ({ tools: listed }));
    server.setRequestHandler('tools/call', async ({ params }, { mcpReq }) => {
      const tool = byName.get(params.name);
      if (!tool) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no tool ${params.name}.`);
      sender.noteTool(params.name);
      const token = mcpReq._meta?.progressToken;
      const startedAtMs = performance.now();
      let told = -1;
      const progress = (message?: string): void => {
        const seconds = Math.round((performance.now() - startedAtMs) / 100) / 10;
        // It rises with each message, as the protocol has it.
        if (token === undefined || seconds <= told) return;
        told = seconds;
        const about = { progressToken: token, progress: seconds, ...(message === undefined ? {} : { message }) };
        // A client that has gone hears nothing of it.
        mcpReq.notify({ method: 'notifications/progress', params: about }).catch(() => undefined);
      };
      const ticker = token === undefined ? undefined : setInterval(progress, PROGRESS_MS);
      try {
        return toResult(await tool.call(params.arguments, { ...sender, signal: mcpReq.signal, progress }));
      } catch (error) {
        return toResult(toFailure(error, onError));
      } finally {
        clearInterval(ticker);
      }
    });
    const asCaller = (signal: AbortSignal): Caller => ({ ...sender, signal, progress: () => undefined });
    server.setRequestHandler('resources/list', ofList, async (_params, { mcpReq }) => ({
      resources: [...(await listResources(asCaller(mcpReq.signal)))],
    }));
    server.setRequestHandler('resources/templates/list', ofList, () => ({ resourceTemplates: [fileTemplate] }));
    server.setRequestHandler('resources/read', ofFile, async ({ uri }, { mcpReq }) => {
      const found = await readResource(uri, asCaller(mcpReq.signal)).catch((error: unknown) => {
        if (!isSandboxError(error)) onError(error);
        const code = isSandboxError(error) ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError;
        throw new ProtocolError(code, sentenceOf(error));
      });
      if (found === null) throw new ResourceNotFoundError(uri);
      return { contents: [found] };
    });
    return server;
  };
}

function toResult({ content, isError }: ToolAnswer): CallToolResult {
  return { content: content.map((block) => ({ ...block })), ...(isError === undefined ? {} : { isError }) };
}

/** A tool that did not do what it was asked for says why. */
function toFailure(error: unknown, onError: (error: unknown) => void): ToolAnswer {
  if (!isSandboxError(error) && !(error instanceof InvalidRequest)) onError(error);
  return { content: [textBlock(sentenceOf(error))], isError: true };
}

function sentenceOf(error: unknown): string {
  if (isSandboxError(error) || error instanceof InvalidRequest) return error.message;
  return 'The server failed at this; its log says more.';
}
