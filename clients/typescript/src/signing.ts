import type { Transport } from './transport.ts';

/** How long a signature may open something, in seconds; a WebSocket ends with it. */
const LONGEST_SECONDS = 7 * 86_400;

/** What is signed: a path below the sandbox, such as `/raw?path=a.txt`, or a whole one of the API. */
export interface Signable {
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly path: string;
  readonly expiresIn?: number | undefined;
}

/** A URL that opens one thing of a user's sandbox without a key. */
export async function sign(
  transport: Transport,
  userId: string,
  { method, path, expiresIn }: Signable,
): Promise<string> {
  const body = { method, path: wholeOf(userId, path), ...(expiresIn === undefined ? {} : { expires_in: expiresIn }) };
  const call = { params: { path: { user_id: userId } }, signal: transport.deadline(), body };
  return (await transport.data(transport.http.POST('/sandbox/{user_id}/sign', call))).url;
}

/** A WebSocket at a path of a user's sandbox, by a signature: a page can send no key with one. */
export async function openWebSocket(
  transport: Transport,
  userId: string,
  path: string,
  protocols: string[],
): Promise<WebSocket> {
  const url = await sign(transport, userId, { method: 'GET', path, expiresIn: LONGEST_SECONDS });
  const signature = new URL(url).searchParams.get('signature') ?? '';
  const whole = wholeOf(userId, path);
  // Where this client reaches the server, which need not be where browsers do.
  const signed = `${whole}${whole.includes('?') ? '&' : '?'}signature=${encodeURIComponent(signature)}`;
  return transport.webSocket(signed, protocols);
}

/** As it is sent: spaces, and what is not ASCII, percent-encoded. */
function wholeOf(userId: string, path: string): string {
  const sent = path.replace(/[^\x21-\x7e]+/gu, encodeURIComponent);
  return sent.startsWith('/sandbox/') ? sent : `/sandbox/${encodeURIComponent(userId)}${sent}`;
}
