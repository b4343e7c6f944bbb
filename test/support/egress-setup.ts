import { pino } from 'pino';
import { expect } from 'vitest';
import { type Origin, startOrigin } from './origin.ts';
import { type RealServer, startRealServer } from './real-server.ts';

/** What name servers say in a test; a function is asked each time. */
type Names = Record<string, readonly string[] | (() => readonly string[])>;

/** A server whose sandboxes reach the outside by its proxy, and a server outside that the operator has allowed. */
export interface EgressSetup {
  readonly origin: Origin;
  readonly server: RealServer;
  /** What the server logs. */
  readonly lines: string[];
  readonly names: Names;
  /** Asks `names`, for other servers too. */
  resolver(name: string): Promise<readonly string[]>;
  httpUrl(path: string): string;
  httpsUrl(path: string): string;
  shell(command: string, user?: string): Promise<RunBody>;
  python(code: string, user?: string): Promise<RunBody>;
  close(): Promise<void>;
}

type RunBody = Awaited<ReturnType<RealServer['execute']>>['body'];

/** Starts both; the sandbox of `ada` has the certificate of the one outside as origin.pem. */
export async function startEgressSetup(): Promise<EgressSetup> {
  const names: Names = { 'origin.test': ['127.0.0.1'] };
  const lines: string[] = [];
  const resolver = async (name: string): Promise<readonly string[]> => {
    const addresses = names[name] ?? [];
    return typeof addresses === 'function' ? addresses() : addresses;
  };
  const origin = await startOrigin();
  const { httpPort, httpsPort } = origin;
  const server = await startRealServer(
    { SANDBOX_NETWORK: 'proxy', SANDBOX_EGRESS_ALLOW: `*,127.0.0.1:${httpPort},127.0.0.1:${httpsPort}` },
    { resolver, logger: pino({ level: 'info' }, { write: (line: string) => void lines.push(line) }) },
  );
  const path = '/workspace/origin.pem';
  await server.call('POST', '/sandbox/ada/file', { path, content: origin.certificate });
  return {
    origin,
    server,
    lines,
    names,
    resolver,
    httpUrl: (path) => `http://origin.test:${httpPort}${path}`,
    httpsUrl: (path) => `https://origin.test:${httpsPort}${path}`,
    shell: async (command, user = 'ada') => (await server.shell(user, command)).body,
    python: async (code, user = 'ada') => (await server.execute(user, code)).body,
    close: async () => {
      await server.close();
      await origin.close();
    },
  };
}

/** Python: what the proxy answers to a CONNECT, byte for byte as the program writes it. */
export const CONNECT = `
import socket
def connect(target):
    with socket.create_connection(("127.0.0.1", 3128), 20) as proxy:
        proxy.sendall(b"CONNECT " + target.encode() + b" HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
        return proxy.recv(4096).split(b"\\r\\n")[0].decode()
`;

/** The status of the proxy's answer to a CONNECT to each target, from the sandbox of a user. */
export async function statusesOf(server: RealServer, user: string, targets: readonly string[]): Promise<string[]> {
  const code = `${CONNECT}\nfor target in ${JSON.stringify(targets)}: print(connect(target).split(" ")[1])`;
  const { body } = await server.execute(user, code);
  expect(body.error).toBeNull();
  return body.output.trim().split('\n');
}
