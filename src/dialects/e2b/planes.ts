import type { IncomingHttpHeaders } from 'node:http';

/** The ports by which E2B's clients reach what is in a sandbox: the sandbox's own API, and its interpreter. */
export const ENVD_PORT = 49_983;
const INTERPRETER_PORT = 49_999;

/** The names of the dialects that E2B's clients speak at one address: of the control plane, and of what answers on a port of a sandbox. */
export const PLANES = { control: 'e2b', envd: 'e2b-envd', interpreter: 'e2b-interpreter', port: 'e2b-port' } as const;

/** The name of one of them. */
export type Plane = (typeof PLANES)[keyof typeof PLANES];

/** A port of a sandbox, as a request names it. */
export interface Place {
  readonly port: number;
  /** The id of the sandbox, as it was sent. */
  readonly id: string;
}

/** The plane of a port. */
export function planeOfPort(port: number): Plane {
  if (port === ENVD_PORT) return PLANES.envd;
  return port === INTERPRETER_PORT ? PLANES.interpreter : PLANES.port;
}

/** The plane of a request to no host of previews: its headers name a sandbox, its signature or token is one's, or it is about sandboxes themselves. */
export function planeOf(headers: IncomingHttpHeaders, path: string): Plane {
  if (namesSandbox(headers)) return planeOfPort(placeIn(headers)?.port ?? 0);
  return isUnnamed(headers, path) ? PLANES.envd : PLANES.control;
}

/** True where headers name a sandbox or a port, whole or not. */
export function namesSandbox(headers: IncomingHttpHeaders): boolean {
  return headers['e2b-sandbox-id'] !== undefined || headers['e2b-sandbox-port'] !== undefined;
}

/** What the headers name; null where one of them is missing, or is none. */
export function placeIn(headers: IncomingHttpHeaders): Place | null {
  const { 'e2b-sandbox-id': id, 'e2b-sandbox-port': port } = headers;
  if (typeof id !== 'string' || id === '' || typeof port !== 'string' || !/^\d{1,5}$/.test(port)) return null;
  return Number(port) >= 1 && Number(port) <= 65_535 ? { id, port: Number(port) } : null;
}

/** True for what is asked of a sandbox that nothing names: a file, by a signed URL or by its token, and health by its token, as SDKs 2.7 to 2.14.0 do. */
export function isUnnamed(headers: IncomingHttpHeaders, path: string): boolean {
  const asked = path.replace(/^\/e2b(?=\/)/, '');
  return asked === '/files' || (asked === '/health' && headers['x-access-token'] !== undefined);
}
