// Serves the fixtures of MCP's conformance suite by the server's own plugin, at /mcp/conformance, without a key:
// npx tsx test/support/mcp-conformance.ts; then run `conformance server --url <what it prints>` with Node 22.
import { systemClock } from '../../src/async/clock.ts';
import { UrlSigner } from '../../src/auth/url-signer.ts';
import { mcpDialect } from '../../src/dialects/mcp/api/mcp.ts';
import { PreviewHosts } from '../../src/http/routing/preview-hosts.ts';
import { startFakeApp } from './fake-app.ts';
import { fixtureServer } from './mcp-fixtures.ts';

const hosts = new PreviewHosts({ previewDomain: null, domain: 'localhost', publicUrl: null, trustedProxies: [] });
const signer = new UrlSigner(Buffer.alloc(32), []);
const at = { hosts, publicUrl: null, domain: 'localhost', corsOrigins: [], port: 0 };
const dialect = mcpDialect(
  { ...at, signer, clock: systemClock, maxTimeoutSeconds: 300 },
  {
    path: '/mcp/conformance',
    serve:
      ({ sdk }) =>
      () =>
        fixtureServer(sdk),
  },
);
const anybody = { name: 'conformance', userPrefix: '', maxSandboxes: null };
const fake = await startFakeApp({ SANDBOX_RATE_LIMIT: '0' }, undefined, {
  dialects: (own) => [...own, { ...dialect, principalOf: () => anybody }],
});
const url = await fake.app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 0) });
process.stdout.write(`${url.replace('127.0.0.1', 'localhost')}/mcp/conformance\n`);
