import { request } from 'node:https';
import { text } from 'node:stream/consumers';

const TIMEOUT_MS = 60_000;

/** What a request needs beside its body: where, whom to trust, and the headers. */
export interface HttpsRequest {
  readonly port: number;
  readonly path: string;
  /** The only certificate authority that is trusted, in PEM. */
  readonly authority: string;
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Sends one request to https://localhost and reads its JSON answer, null where it has no body; fails where the certificate is not trusted. */
export async function sendJson(options: HttpsRequest): Promise<{ status: number; body: unknown }> {
  const payload = options.body === undefined ? undefined : JSON.stringify(options.body);
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: 'localhost',
        port: options.port,
        path: options.path,
        method: options.method ?? 'GET',
        ca: options.authority,
        headers: { ...options.headers, ...(payload === undefined ? {} : { 'content-type': 'application/json' }) },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      },
      (response) => {
        text(response)
          .then((body) => resolve({ status: response.statusCode ?? 0, body: body === '' ? null : JSON.parse(body) }))
          .catch(reject);
      },
    );
    call.once('error', reject);
    call.end(payload);
  });
}
