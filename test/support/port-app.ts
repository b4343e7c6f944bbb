import { readFile } from 'node:fs/promises';
import type { RealServer } from './real-server.ts';
import { until } from './until.ts';

/** Starts the app of the tests on a port of a user's sandbox; resolves once it listens. */
export async function startPortApp(server: RealServer, user: string, port: number): Promise<void> {
  const source = await readFile(new URL('port_app.py', import.meta.url));
  const headers = { 'x-api-key': server.apiKey };
  const path = `${server.url}/sandbox/${user}`;
  await fetch(`${path}/raw?path=/workspace/port_app.py`, { method: 'PUT', headers, body: source });
  await server.call('POST', `/sandbox/${user}/processes`, { argv: ['python3', 'port_app.py', String(port)] });
  await untilListening(server, user, port);
}

/** Resolves once somebody listens on a port. */
async function untilListening(server: RealServer, user: string, port: number): Promise<void> {
  await until(`something listens on port ${port}`, async () => {
    const { status, body } = await server.call('GET', `/sandbox/${user}/ports/${port}`);
    return status === 200 && body.process !== null;
  });
}

/** What the app was asked. */
export interface Told {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** A header that the app was sent, by its name in any case; undefined where it was not. */
export function headerOf({ headers }: Told, name: string): string | undefined {
  return headers.find(([own]) => own.toLowerCase() === name.toLowerCase())?.[1];
}
