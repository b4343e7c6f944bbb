// MCP on stdin and stdout for assistants that start their servers themselves; each message goes to /mcp of the server.
import { createInterface } from 'node:readline';
import { mcpUrlOf } from './lib/address.mjs';
import { readEnvironment } from './lib/environment.mjs';
import { Failure, runScript } from './lib/failure.mjs';
import { McpBridge } from './lib/mcp-bridge.mjs';

await runScript(async () => {
  const env = readEnvironment();
  const key = env.SANDBOX_API_KEY;
  if (!key) throw new Failure('Set SANDBOX_API_KEY to a key of the server.');
  const url = mcpUrlOf(env);
  if (!URL.canParse(url)) throw new Failure('SANDBOX_URL must be a URL such as http://localhost:8080.');
  const bridge = new McpBridge(url, key, process.stdout);
  for await (const line of createInterface({ input: process.stdin })) bridge.take(line);
  await bridge.close();
  return 0;
});
