import { Sandbox } from 'e2b';
import { keyEntry } from './key-entry.ts';
import { RawClient } from './raw-client.ts';
import { startRealServer } from './real-server.ts';

const [KEY, THIEF_KEY] = ['e2b_0123456789abcdef', 'e2b_fedcba9876543210'];

/** Answers what it was sent, with a word before it, and takes bodies as they say that they are. */
const ECHO = `
import http.server, sys
class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = (sys.argv[1] + " " + self.command + " " + self.path + " " + repr(dict(self.headers)).lower()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_POST(self):
        if self.headers.get("Transfer-Encoding"):
            while (line := self.rfile.readline()).strip() != b"0": self.rfile.read(int(line, 16) + 2)
            while self.rfile.readline().strip(): pass
        else:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.do_GET()
http.server.ThreadingHTTPServer(("", 8000), Echo).serve_forever()`;

/** Sandboxes of E2B's API, of which each has a file `secret.txt` and a server on port 8000 that begin with whose they are. */
export interface Victims {
  /** Of another key: its ports are open to who knows its id, its own API to who has its token. */
  readonly victim: Sandbox;
  /** The same, with ports for who has its traffic token. */
  readonly shut: Sandbox;
  /** That of who attacks. */
  readonly mine: Sandbox;
  /** All that the server says to this, sent as it is. */
  say(text: string): Promise<string>;
  close(): Promise<void>;
}

/** Starts a server with sandboxes of two keys. */
export async function startVictims(): Promise<Victims> {
  const server = await startRealServer({
    SANDBOX_API_KEYS: [keyEntry('one', KEY), keyEntry('thief', THIEF_KEY)].join(','),
    SANDBOX_PREVIEW_DOMAIN: 'preview.test',
  });
  const make = async (apiKey: string, word: string, more: object = {}) => {
    const sandbox = await Sandbox.create('base', { apiKey, apiUrl: server.url, sandboxUrl: server.url, ...more });
    await sandbox.files.write('secret.txt', `${word}-FILE`);
    await sandbox.files.write('echo.py', ECHO);
    await sandbox.commands.run(`python3 echo.py ${word}-PORT`, { background: true });
    await sandbox.commands.run('curl -s -o /dev/null --retry 30 --retry-connrefused --retry-delay 1 127.0.0.1:8000');
    return sandbox;
  };
  const say = async (text: string) => {
    const client = await RawClient.open(Number(new URL(server.url).port));
    client.send(text);
    if (!text.includes(CLOSE)) client.closeSide();
    return await client.end();
  };
  try {
    const victim = await make(KEY, 'VICTIM');
    const shut = await make(KEY, 'VICTIM', { network: { allowPublicTraffic: false } });
    return { victim, shut, mine: await make(THIEF_KEY, 'MINE'), say, close: () => server.close() };
  } catch (error) {
    await server.close();
    throw error;
  }
}

const CLOSE = 'Connection: close';

/** A request after which the connection ends, unless its headers say something of that. */
export function request(line: string, headers: readonly string[], body = ''): string {
  const isTold = headers.some((header) => header.startsWith('Connection:'));
  return `${[`${line} HTTP/1.1`, ...headers, ...(isTold ? [] : [CLOSE])].join('\r\n')}\r\n\r\n${body}`;
}

/** The statuses of all answers in what a server has said. */
export function statusesOf(answer: string): readonly number[] {
  return [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}

/** The host of previews that names a port of a sandbox. */
export function hostOf({ sandboxId }: Sandbox, port = 49_983): string {
  return `${port}-${sandboxId}.preview.test`;
}

/** The headers that name a port of a sandbox. */
export function to({ sandboxId }: Sandbox, port: number | string = 49_983): readonly string[] {
  return ['Host: 127.0.0.1', `E2b-Sandbox-Id: ${sandboxId}`, `E2b-Sandbox-Port: ${port}`];
}

/** The token of a sandbox's own API, which the SDK keeps to itself. */
export function tokenOf(sandbox: Sandbox): string {
  return String(Reflect.get(sandbox, 'envdAccessToken'));
}

/** The header with it. */
export function withToken(sandbox: Sandbox): string {
  return `X-Access-Token: ${tokenOf(sandbox)}`;
}
