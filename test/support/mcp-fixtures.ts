import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Sdk } from '../../src/dialects/mcp/serving.ts';
import { addInputFixtures } from './mcp-input-fixtures.ts';
import { addSchemaFixture } from './mcp-schema-fixture.ts';

/** One pixel, and one sample of sound. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const WAV = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQIAAAA=';

/** What states of calls are signed with. */
const STATE_KEY = 'a key of the fixtures alone, 32 bytes or more';

const image = { type: 'image', data: PNG, mimeType: 'image/png' } as const;

/** A server with the tools, resources and prompts that the conformance suite of MCP asks for. */
export function fixtureServer(sdk: Sdk): McpServer {
  const state = sdk.createRequestStateCodec<1 | 2>({ key: STATE_KEY });
  const server = new sdk.McpServer(
    { name: 'fixtures', version: '1.0.0' },
    {
      capabilities: { tools: {}, resources: {}, prompts: {}, completions: {}, logging: {} },
      requestState: { verify: state.verify },
    },
  );
  addTools(server);
  addInputFixtures(server, sdk, state);
  addSchemaFixture(server, sdk);
  addResources(server, sdk);
  addPrompts(server, sdk);
  return server;
}

const text = (words: string) => ({ content: [{ type: 'text' as const, text: words }] });

function addTools(server: McpServer): void {
  const add = (name: string, answer: () => Awaited<ReturnType<Parameters<typeof server.registerTool>[2]>>) =>
    server.registerTool(name, { description: name, inputSchema: z.object({}) }, async () => answer());
  add('test_simple_text', () => text('This is a simple text response for testing.'));
  add('test_image_content', () => ({ content: [image] }));
  add('test_audio_content', () => ({ content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }] }));
  const embedded = (uri: string, mimeType: string, content: string) =>
    ({ type: 'resource', resource: { uri, mimeType, text: content } }) as const;
  add('test_embedded_resource', () => ({
    content: [embedded('test://embedded-resource', 'text/plain', 'This is an embedded resource content.')],
  }));
  add('test_multiple_content_types', () => ({
    content: [
      { type: 'text', text: 'Multiple content types test:' },
      image,
      embedded('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
    ],
  }));
  add('test_error_handling', () => ({
    ...text('This tool intentionally returns an error for testing'),
    isError: true,
  }));
  const nothing = { description: 'tells how it goes', inputSchema: z.object({}) };
  server.registerTool('test_tool_with_progress', nothing, async (_input, { mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken;
    for (const progress of progressToken === undefined ? [] : [0, 50, 100]) {
      await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } });
    }
    return text('done');
  });
  server.registerTool('test_tool_with_logging', nothing, async (_input, { mcpReq }) => {
    for (const line of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
      await mcpReq.log('info', line);
    }
    return text('done');
  });
}

function addResources(server: McpServer, sdk: Sdk): void {
  server.registerResource('static text', 'test://static-text', { mimeType: 'text/plain' }, async (uri) => ({
    contents: [{ uri: uri.href, mimeType: 'text/plain', text: 'This is the content of the static text resource.' }],
  }));
  server.registerResource('static binary', 'test://static-binary', { mimeType: 'image/png' }, async (uri) => ({
    contents: [{ uri: uri.href, mimeType: 'image/png', blob: PNG }],
  }));
  const template = new sdk.ResourceTemplate('test://template/{id}/data', { list: undefined });
  server.registerResource('template', template, { mimeType: 'application/json' }, async (uri, { id }) => ({
    contents: [
      { uri: uri.href, mimeType: 'application/json', text: JSON.stringify({ id, data: `Data for ID: ${id}` }) },
    ],
  }));
}

function addPrompts(server: McpServer, sdk: Sdk): void {
  const say = (words: string) => ({ role: 'user' as const, content: { type: 'text' as const, text: words } });
  server.registerPrompt('test_simple_prompt', { description: 'simple' }, async () => ({
    messages: [say('This is a simple prompt for testing.')],
  }));
  const completed = sdk.completable(z.string(), (value) =>
    ['paris', 'park', 'party'].filter((one) => one.startsWith(value)),
  );
  server.registerPrompt(
    'test_prompt_with_arguments',
    { description: 'with arguments', argsSchema: z.object({ arg1: completed, arg2: z.string() }) },
    async ({ arg1, arg2 }) => ({ messages: [say(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)] }),
  );
  const withResource = { description: 'with a resource', argsSchema: z.object({ resourceUri: z.string() }) };
  server.registerPrompt('test_prompt_with_embedded_resource', withResource, async ({ resourceUri: uri }) => ({
    messages: [
      {
        role: 'user',
        content: {
          type: 'resource',
          resource: { uri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' },
        },
      },
      say('Please process the embedded resource above.'),
    ],
  }));
  server.registerPrompt('test_prompt_with_image', { description: 'with an image' }, async () => ({
    messages: [{ role: 'user', content: image }, say('Please analyze the image above.')],
  }));
}
