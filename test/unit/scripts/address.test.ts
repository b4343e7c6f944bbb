import { expect, it } from 'vitest';

const { addressOf, mcpUrlOf } = await import(new URL('../../../scripts/lib/address.mjs', import.meta.url).href);

it('the address that is printed is one at which the server listens', () => {
  expect([
    addressOf({}),
    addressOf({ SANDBOX_API_HOST: '127.0.0.1', SANDBOX_API_PORT: '9000' }),
    addressOf({ SANDBOX_API_HOST: '::1' }),
    addressOf({ SANDBOX_API_HOST: '::' }),
    addressOf({ SANDBOX_API_HOST: '10.0.0.5' }),
    addressOf({ SANDBOX_API_HOST: 'fd00::5' }),
  ]).toEqual([
    'http://localhost:8080',
    'http://localhost:9000',
    'http://localhost:8080',
    'http://localhost:8080',
    'http://10.0.0.5:8080',
    'http://[fd00::5]:8080',
  ]);
});

it('the bridge of MCP finds the server at an address with a slash at its end, and where the settings have it', () => {
  expect([
    mcpUrlOf({ SANDBOX_URL: 'https://sandbox.example.org/' }),
    mcpUrlOf({ SANDBOX_URL: 'https://example.org/below' }),
    mcpUrlOf({ SANDBOX_API_HOST: '10.0.0.5', SANDBOX_API_PORT: '9000' }),
  ]).toEqual(['https://sandbox.example.org/mcp', 'https://example.org/below/mcp', 'http://10.0.0.5:9000/mcp']);
});
