import { type FakeApp, speakingOnly } from './fake-app.ts';
import { keyEntry } from './key-entry.ts';
import { startLocalApp } from './local-app.ts';

/** Of a request, by their names in small letters. */
export type RequestHeaders = Readonly<Record<string, string>>;

const KEY = 'e2b_0123456789abcdef';

/** An application with a sandbox of E2B's, and what its agent in there is asked as E2B's clients ask it. */
export class EnvdApp {
  readonly fake: FakeApp;
  readonly sandbox: { readonly id: string; readonly token: string };

  constructor(fake: FakeApp, sandbox: EnvdApp['sandbox']) {
    this.fake = fake;
    this.sandbox = sandbox;
  }

  /** What leads to a port of the sandbox, and opens it. */
  headersFor(port: number, more: RequestHeaders = {}): RequestHeaders {
    const { id, token } = this.sandbox;
    return { 'e2b-sandbox-id': id, 'e2b-sandbox-port': String(port), 'x-access-token': token, ...more };
  }

  async envd(method: 'GET' | 'POST', url: string, payload?: string | Buffer | object, more: RequestHeaders = {}) {
    const headers = this.headersFor(49_983, more);
    return await this.fake.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) });
  }

  /** Calls a method whose answers are a stream; the messages, of which the last one ends it. */
  async stream(method: string, payload: Buffer, more: RequestHeaders = {}) {
    const answer = await this.envd('POST', method, payload, { 'content-type': 'application/connect+json', ...more });
    const messages: { readonly flags: number; readonly body: unknown }[] = [];
    for (let at = 0; at < answer.rawPayload.length; ) {
      const length = answer.rawPayload.readUInt32BE(at + 1);
      const body = answer.rawPayload.subarray(at + 5, at + 5 + length).toString();
      messages.push({ flags: answer.rawPayload.readUInt8(at), body: JSON.parse(body) });
      at += 5 + length;
    }
    return { status: answer.statusCode, messages };
  }
}

/** Starts it; its sandbox needs its token, and has the variable A. */
export async function startEnvdApp(): Promise<EnvdApp> {
  const fake = await startLocalApp(
    { SANDBOX_API_KEYS: keyEntry('one', KEY) },
    speakingOnly('e2b', 'e2b-envd', 'e2b-interpreter', 'e2b-port'),
  );
  const payload = { templateID: 'base', timeout: 60, secure: true, envVars: { A: 'b' } };
  const made = await fake.inject({ method: 'POST', url: '/sandboxes', headers: { 'x-api-key': KEY }, payload });
  return new EnvdApp(fake, { id: made.json().sandboxID, token: made.json().envdAccessToken });
}

/** A message of a stream that a client sends. */
export function envelope(message: unknown): Buffer {
  const payload = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(payload.length, 1);
  return Buffer.concat([head, payload]);
}

/** Names the user that something is done as. */
export function asUser(user: string): RequestHeaders {
  return { authorization: `Basic ${Buffer.from(`${user}:`).toString('base64')}` };
}
