import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import {
  createServer as createHttpServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { WebSocketServer } from 'ws';
import { makeCertificate } from './certificate.ts';

const run = promisify(execFile);

/** A site on this machine's loopback over HTTP and HTTPS, for sandboxes to reach by names that only the test knows. */
export interface Origin {
  readonly httpPort: number;
  readonly httpsPort: number;
  /** The certificate that HTTPS clients have to trust; valid for `origin.test`. */
  readonly certificate: string;
  /** `host method path` of each request so far. */
  readonly requests: string[];
  /** The headers of each. */
  readonly heads: IncomingHttpHeaders[];
  close(): Promise<void>;
}

/**
 * Starts it: `/hello` greets, `/echo` gives the body back, `/headers` the headers, `/redirect` leads to its query, `/big` sends 20 MiB, `/repo.git` is a repository with the file `greeting`,
 * `/simple/` an index with the Python package `clara-greeting`, `/npm/` a registry with the package `clara-greeting` for Node; `/hang` never answers.
 * Any path is a WebSocket too, which greets and gives back what it gets.
 */
export async function startOrigin(): Promise<Origin> {
  const folder = await mkdtemp(join(tmpdir(), 'clara-origin-'));
  const { key, certificate } = await makeCertificate('origin.test', folder);
  await makeRepository(folder);
  const wheel = await makeWheel(folder);
  const tarball = await makeTarball(folder);
  const requests: string[] = [];
  const heads: IncomingHttpHeaders[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    requests.push(`${request.headers.host} ${request.method} ${request.url}`);
    heads.push(request.headers);
    respond({ folder, wheel, tarball }, request, response).catch(() => response.destroy());
  };
  const http = createHttpServer(answer);
  const https = createHttpsServer({ key, cert: certificate }, answer);
  for (const server of [http, https]) {
    new WebSocketServer({ server }).on('connection', (socket, { headers }) => {
      socket.send(`hello ${headers.host}`);
      socket.on('message', (data) => socket.send(String(data)));
    });
  }
  return {
    httpPort: await listen(http),
    httpsPort: await listen(https),
    certificate,
    requests,
    heads,
    close: async () => {
      for (const server of [http, https]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
      await rm(folder, { recursive: true });
    },
  };
}

interface Wheel {
  readonly name: string;
  readonly bytes: Buffer;
}

interface Site {
  readonly folder: string;
  readonly wheel: Wheel;
  readonly tarball: Buffer;
}

async function respond(
  { folder, wheel, tarball }: Site,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = new URL(request.url ?? '/', 'http://origin.test').pathname;
  if (path === '/hello') response.end(`hello ${request.headers.host}`);
  else if (path === '/echo') response.end(await buffer(request));
  else if (path === '/headers') response.end(JSON.stringify(request.headers));
  else if (path === '/big') response.end(Buffer.alloc(20 * 2 ** 20, 'x'));
  else if (path === '/redirect')
    response
      .writeHead(302, {
        location: decodeURIComponent(new URL(request.url ?? '', 'http://origin.test').search.slice(1)),
      })
      .end();
  else if (path === '/hang') await once(response, 'close');
  else if (path === '/npm/clara-greeting')
    response.end(packument(tarball, `${originOf(request)}/npm/clara-greeting.tgz`));
  else if (path === '/npm/clara-greeting.tgz') response.end(tarball);
  else if (path === '/simple/clara-greeting/') {
    const digest = createHash('sha256').update(wheel.bytes).digest('hex');
    response.setHeader('content-type', 'text/html');
    response.end(
      `<!DOCTYPE html><html><body><a href="/files/${wheel.name}#sha256=${digest}">${wheel.name}</a></body></html>`,
    );
  } else if (path === `/files/${wheel.name}`) response.end(wheel.bytes);
  else if (path.startsWith('/repo.git/') && !path.includes('..')) {
    const bytes = await readFile(join(folder, path)).catch(() => null);
    if (bytes === null) response.statusCode = 404;
    response.end(bytes ?? '');
  } else {
    response.statusCode = 404;
    response.end();
  }
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A bare repository that any server of files can serve. */
async function makeRepository(folder: string): Promise<void> {
  const work = join(folder, 'work');
  await mkdir(work);
  await writeFile(join(work, 'greeting'), 'hello from git\n');
  const git = (...args: string[]) =>
    run('git', ['-c', 'user.name=test', '-c', 'user.email=test@origin.test', ...args], { cwd: work });
  await git('init', '--quiet', '--initial-branch=main');
  await git('add', '.');
  await git('commit', '--quiet', '--message=greet');
  await git('clone', '--quiet', '--bare', work, join(folder, 'repo.git'));
  await run('git', ['update-server-info'], { cwd: join(folder, 'repo.git') });
}

async function makeTarball(folder: string): Promise<Buffer> {
  const inner = join(folder, 'package');
  await mkdir(inner);
  await writeFile(join(inner, 'package.json'), JSON.stringify({ name: 'clara-greeting', version: '1.0.0' }));
  await writeFile(join(inner, 'index.js'), "module.exports = 'hello from npm';\n");
  await run('tar', ['-czf', join(folder, 'package.tgz'), '-C', folder, 'package']);
  return await readFile(join(folder, 'package.tgz'));
}

/** What a registry of npm says of a package with one version. */
function packument(tarball: Buffer, url: string): string {
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  const version = { name: 'clara-greeting', version: '1.0.0', dist: { tarball: url, integrity } };
  return JSON.stringify({ name: 'clara-greeting', 'dist-tags': { latest: '1.0.0' }, versions: { '1.0.0': version } });
}

function originOf({ socket, headers }: IncomingMessage): string {
  return `${'encrypted' in socket ? 'https' : 'http'}://${headers.host}`;
}

async function makeWheel(folder: string): Promise<Wheel> {
  const name = 'clara_greeting-1.0-py3-none-any.whl';
  const file = join(folder, name);
  const script = `
import sys, zipfile
info = "clara_greeting-1.0.dist-info/"
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    wheel.writestr("clara_greeting.py", "text = 'hello from pip'\\n")
    wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: clara-greeting\\nVersion: 1.0\\n")
    wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(info + "RECORD", "")
`;
  await run('python3', ['-c', script, file]);
  return { name, bytes: await readFile(file) };
}
