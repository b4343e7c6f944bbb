import { once } from 'node:events';
import { createServer } from 'node:http';
import { z } from 'zod';

const value = z.object({ stringValue: z.string().optional(), intValue: z.union([z.string(), z.number()]).optional() });
const attributes = z.array(z.object({ key: z.string(), value }));

const body = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes }),
      scopeSpans: z.array(
        z.object({
          spans: z.array(
            z.object({
              traceId: z.string(),
              spanId: z.string(),
              parentSpanId: z.string().optional(),
              name: z.string(),
              attributes: attributes.default([]),
              status: z.object({ code: z.int().default(0), message: z.string().optional() }).default({ code: 0 }),
            }),
          ),
        }),
      ),
    }),
  ),
});

/** A span as it arrived. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number | undefined>>;
  readonly service: string | number | undefined;
  readonly status: { readonly code: number; readonly message?: string | undefined };
}

/** A collector of OpenTelemetry that takes OTLP over HTTP as JSON, at an address of its own. */
export interface OtlpCollector {
  readonly url: string;
  /** What it answers with. */
  status: number;
  readonly spans: CollectedSpan[];
  /** Of each request, its path and its headers. */
  readonly requests: { readonly path: string; readonly headers: NodeJS.Dict<string | string[]> }[];
  close(): Promise<void>;
}

/** Starts a collector. */
export async function startOtlpCollector(): Promise<OtlpCollector> {
  const answer = { status: 200 };
  const spans: CollectedSpan[] = [];
  const requests: OtlpCollector['requests'] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    requests.push({ path: request.url ?? '', headers: request.headers });
    for (const { resource, scopeSpans } of body.parse(JSON.parse(Buffer.concat(chunks).toString())).resourceSpans) {
      const service = toRecord(resource.attributes)['service.name'];
      for (const span of scopeSpans.flatMap((scope) => scope.spans)) {
        const { parentSpanId, ...rest } = span;
        spans.push({ ...rest, parentSpanId, service, attributes: toRecord(span.attributes) });
      }
    }
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The collector has no port.');
  return Object.assign(answer, {
    url: `http://127.0.0.1:${address.port}`,
    spans,
    requests,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}

function toRecord(list: z.output<typeof attributes>): Record<string, string | number | undefined> {
  return Object.fromEntries(list.map(({ key, value: one }) => [key, one.stringValue ?? one.intValue]));
}
