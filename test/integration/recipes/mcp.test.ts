import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

const ROOT = new URL('../../../', import.meta.url).pathname;

const config = z.object({
  mcpServers: z.object({
    sandbox: z.union([
      z.object({ command: z.string(), args: z.array(z.string()), env: z.record(z.string(), z.string()) }),
      z.object({ type: z.literal('http'), url: z.url(), headers: z.record(z.string(), z.string()) }),
    ]),
  }),
});

let server: RealServer;
let recipe: string;

beforeAll(async () => {
  recipe = await readFile(`${ROOT}docs/recipes/mcp.md`, 'utf8');
  server = await startRealServer();
});

afterAll(async () => {
  await server.close();
});

/** The examples of the recipe in one language. */
const examples = (language: string) =>
  [...recipe.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, code = '']) => code);

describe('the recipe for MCP', () => {
  it('has a configuration of an assistant whose bridge works', async () => {
    const [stdio, http] = examples('json').map((text) => config.parse(JSON.parse(text)).mcpServers.sandbox);
    if (!stdio || !('command' in stdio)) throw new Error('The first example starts no bridge.');
    const args = stdio.args.map((arg) => arg.replace('/path/to/clara-sandbox/', ROOT));
    const env = { ...stdio.env, SANDBOX_URL: server.url, SANDBOX_API_KEY: server.apiKey };
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(new StdioClientTransport({ command: stdio.command, args, env }));
    expect((await client.listTools()).tools).toHaveLength(14);
    await client.close();
    expect(http).toMatchObject({
      url: expect.stringMatching(/\/mcp$/),
      headers: { Authorization: expect.stringMatching(/^Bearer /) },
    });
  });

  it('has code that works as it stands', async () => {
    const [code = ''] = examples('js');
    const env = { ...process.env, SANDBOX_URL: server.url, SANDBOX_API_KEY: server.apiKey };
    const args = ['--input-type=module', '--eval', code];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, env });
    expect(stdout).toMatch(/^14 tools\nhello\n2432902008176640000\n\[exit 0, \d+ ms\]\ndone\n$/);
  });
});
