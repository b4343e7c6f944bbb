import type { Sandbox } from 'e2b';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  hostOf,
  request,
  startVictims,
  statusesOf,
  to,
  tokenOf,
  type Victims,
  withToken,
} from '../../support/e2b-victims.ts';

let victims: Victims;
let victim: Sandbox;
let shut: Sandbox;
let mine: Sandbox;

beforeAll(async () => {
  victims = await startVictims();
  ({ victim, shut, mine } = victims);
});

afterAll(() => victims?.close());

const HOST = 'Host: 127.0.0.1';
const FILE = '/files?path=secret.txt';
const UPGRADE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
];
/** One that is followed by another. */
const first = () => request(`GET ${FILE}`, [...to(mine), withToken(mine), 'Connection: keep-alive']);
const post = (headers: readonly string[], body: string) => request('POST /', [...to(mine, 8000), ...headers], body);
/** What a smuggler hides in a body: a request that the token of another would answer. */
const hidden = () => request(`GET ${FILE}`, to(victim));

it('who has the token, or asks for an open port, reads both: the attacks below have something to find', async () => {
  expect(await victims.say(request(`GET ${FILE}`, [...to(victim), withToken(victim)]))).toContain('VICTIM-FILE');
  expect(await victims.say(request('GET /', to(victim, 8000)))).toContain('VICTIM-PORT');
  expect(await victims.say(request(`GET ${FILE}`, [...to(mine), withToken(mine)]))).toContain('MINE-FILE');
  const traffic = `E2b-Traffic-Access-Token: ${shut.trafficAccessToken}`;
  expect(await victims.say(request('GET /', [...to(shut, 8000), traffic]))).toContain('VICTIM-PORT');
});

/** A request, and the statuses of all answers to it; none where the connection ends without one. */
type Attack = readonly [name: string, text: () => string, statuses: readonly number[]];

const NAMES: readonly Attack[] = [
  [
    'two Host headers',
    () => request(`GET ${FILE}`, [`Host: ${hostOf(mine)}`, `Host: ${hostOf(victim)}`, withToken(mine)]),
    [400],
  ],
  [
    'a list of hosts',
    () => request(`GET ${FILE}`, [`Host: ${hostOf(mine)}, ${hostOf(victim)}`, withToken(mine)]),
    [400],
  ],
  [
    'a forwarded host of no proxy',
    () => request(`GET ${FILE}`, [HOST, withToken(mine), `X-Forwarded-Host: ${hostOf(victim)}`]),
    [200],
  ],
  [
    'the host of another',
    () => request(`GET ${FILE}`, [`Host: ${hostOf(victim)}`, ...to(mine).slice(1), withToken(mine)]),
    [401],
  ],
  [
    'that in capitals, with a dot',
    () => request(`GET ${FILE}`, [`Host: ${hostOf(victim).toUpperCase()}.`, withToken(mine)]),
    [401],
  ],
  [
    'an absolute target',
    () => request(`GET http://${hostOf(victim)}${FILE}`, [`Host: ${hostOf(victim)}`, withToken(mine)]),
    [401],
  ],
  [
    'an absolute target beside headers',
    () => request(`GET http://${hostOf(victim)}${FILE}`, [...to(victim), withToken(mine)]),
    [401],
  ],
  [
    'an absolute target with a user',
    () => request(`GET http://${hostOf(victim)}@x${FILE}`, [`Host: ${hostOf(victim)}`]),
    [401],
  ],
  [
    'two ids',
    () => request(`GET ${FILE}`, [...to(mine), withToken(mine), `E2b-Sandbox-Id: ${victim.sandboxId}`]),
    [502],
  ],
  ['two ports', () => request('GET /', [...to(shut, 49_983), 'E2b-Sandbox-Port: 8000', withToken(mine)]), [400]],
  ['two tokens', () => request(`GET ${FILE}`, [...to(victim), withToken(mine), withToken(victim)]), [401]],
  ['a folded header', () => request(`GET ${FILE}`, [HOST, `E2b-Sandbox-Id: x\r\n ${victim.sandboxId}`]), [400]],
  [
    'a space before a colon',
    () => request(`GET ${FILE}`, [...to(mine), `E2b-Sandbox-Id : ${victim.sandboxId}`]),
    [400],
  ],
  [
    'a bare carriage return',
    () => request(`GET ${FILE}`, [...to(mine), `X-A: b\rE2b-Sandbox-Id: ${victim.sandboxId}`]),
    [400],
  ],
  ['a port with a zero in front', () => request(`GET ${FILE}`, to(victim, '049983')), [400]],
  ['a port in hexadecimal', () => request(`GET ${FILE}`, to(victim, '0xC33F')), [400]],
  ['a port around 65536', () => request(`GET ${FILE}`, to(victim, 49_983 + 65_536)), [400]],
];

const TARGETS: readonly Attack[] = [
  ['a fragment', () => request('GET /files#?path=secret.txt', [...to(victim), withToken(mine)]), [400]],
  ['a fragment behind a query', () => request(`GET ${FILE}#x`, [...to(mine), withToken(mine)]), [400]],
  ['two slashes', () => request(`GET /${FILE}`, to(victim)), [401]],
  ['dots', () => request(`GET /x/..${FILE}`, to(victim)), [401]],
  ['an escaped letter', () => request(`GET /%66iles?path=secret.txt`, to(victim)), [401]],
  ['a backslash', () => request(`GET \\files?path=secret.txt`, to(victim)), [400]],
  ['a prefix twice', () => request(`GET /e2b/e2b${FILE}`, to(victim)), [401]],
  ['a token of its own, and nothing named', () => request(`GET ${FILE}`, [HOST, withToken(mine)]), [200]],
  ['CONNECT', () => request(`CONNECT ${hostOf(victim)}:80`, [`Host: ${hostOf(victim)}`]) + hidden(), []],
  ['CONNECT with headers', () => request(`CONNECT 127.0.0.1:8000`, to(shut, 8000)) + hidden(), []],
  ['TRACE', () => request('TRACE /', to(shut, 8000)), [404]],
  ['headers without an end', () => request(`GET ${FILE}`, [...to(victim), `X-Large: ${'x'.repeat(40_000)}`]), [431]],
];

const BODIES: readonly Attack[] = [
  [
    'a length and chunks',
    () => post(['Content-Length: 4', 'Transfer-Encoding: chunked'], `0\r\n\r\n${hidden()}`),
    [400],
  ],
  [
    'chunks and a length',
    () => post(['Transfer-Encoding: chunked', 'Content-Length: 4'], `0\r\n\r\n${hidden()}`),
    [400],
  ],
  ['two lengths', () => post(['Content-Length: 0', 'Content-Length: 5'], hidden()), [400]],
  ['a length with a sign', () => post(['Content-Length: +5'], hidden()), [400]],
  ['another coding', () => post(['Transfer-Encoding: xchunked'], `0\r\n\r\n${hidden()}`), [400, 400]],
  ['two codings', () => post(['Transfer-Encoding: identity', 'Transfer-Encoding: chunked'], '0\r\n\r\n'), [400]],
  ['a chunk without its end', () => post(['Transfer-Encoding: chunked'], `5\r\nhello0\r\n\r\n${hidden()}`), [400]],
  [
    'lines that end in LF',
    () => request('POST /', [...to(mine, 8000), 'Content-Length: 0']).replaceAll('\r\n', '\n') + hidden(),
    [400],
  ],
  ['a body of GET', () => request('GET /', [...to(mine, 8000), `Content-Length: ${hidden().length}`], hidden()), [200]],
  ['a second request', () => first() + hidden(), [200, 401]],
  [
    'a second request by another’s host',
    () => first() + request(`GET ${FILE}`, [`Host: ${hostOf(victim)}`]),
    [200, 401],
  ],
  [
    'a trailer with a token',
    () =>
      request(
        `POST ${FILE}`,
        [
          ...to(victim),
          'Content-Type: application/octet-stream',
          'Transfer-Encoding: chunked',
          'Trailer: X-Access-Token',
        ],
        `1\r\nx\r\n0\r\n${withToken(victim)}\r\n\r\n`,
      ),
    [401],
  ],
  [
    'a trailer with a traffic token',
    () =>
      request(
        'POST /',
        [...to(shut, 8000), 'Transfer-Encoding: chunked'],
        `1\r\nx\r\n0\r\nE2b-Traffic-Access-Token: ${shut.trafficAccessToken}\r\n\r\n`,
      ),
    [403],
  ],
];

const UPGRADES: readonly Attack[] = [
  ['a port that is shut', () => request('GET /', [...to(shut, 8000), ...UPGRADE]), [403]],
  ['that by its host', () => request('GET /', [`Host: ${hostOf(shut, 8000)}`, ...UPGRADE]), [403]],
  [
    'that with the token of another',
    () =>
      request('GET /', [...to(shut, 8000), ...UPGRADE, withToken(mine), `E2b-Traffic-Access-Token: ${tokenOf(mine)}`]),
    [403],
  ],
  [
    'that with its own token, which is for its API',
    () => request('GET /', [...to(shut, 8000), ...UPGRADE, `E2b-Traffic-Access-Token: ${tokenOf(shut)}`]),
    [403],
  ],
  ['its own API', () => request(`GET ${FILE}`, [...to(victim), ...UPGRADE]), [401]],
  [
    'its interpreter, behind which a request waits',
    () => request('GET /contexts', [...to(shut, 49_999), ...UPGRADE]) + hidden(),
    [403],
  ],
  [
    'HTTP/2',
    () =>
      request('GET /', [
        ...to(shut, 8000),
        'Connection: Upgrade, HTTP2-Settings',
        'Upgrade: h2c',
        'HTTP2-Settings: AAMAAABk',
      ]),
    [403],
  ],
];

describe.each([
  ['names', NAMES],
  ['targets', TARGETS],
  ['bodies', BODIES],
  ['upgrades', UPGRADES],
])('a sandbox of another key is not reached by %s of requests:', (_kind, attacks) => {
  it.each(attacks)('%s', async (_name, text, statuses) => {
    const answer = await victims.say(text());
    expect(answer).not.toContain('VICTIM');
    expect(statusesOf(answer)).toEqual(statuses);
  });
});

it('trailers of a request are no headers of what a server on a port is sent', async () => {
  const headers = [...to(mine, 8000), 'Transfer-Encoding: chunked', 'Trailer: X-Forwarded-For', 'Connection: close'];
  const trailers = 'X-Forwarded-For: 6.6.6.6\r\nX-Trailer: yes\r\n';
  const answer = await victims.say(request('POST /', headers, `1\r\nx\r\n0\r\n${trailers}\r\n`));
  expect(answer).toContain('MINE-PORT POST /');
  expect(answer).not.toMatch(/6\.6\.6\.6|x-trailer/);
});

it('the victims are as they were', async () => {
  for (const sandbox of [victim, shut]) {
    expect(await sandbox.isRunning()).toBe(true);
    expect(await sandbox.files.read('secret.txt')).toBe('VICTIM-FILE');
  }
});
