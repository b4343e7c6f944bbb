import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Origin, startOrigin } from '../../support/origin.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

let origin: Origin;
/** Speaks first, as databases and SSH do, then gives back what it gets until that ends. */
let plain: Server;
let plainPort: number;
let server: RealServer;

beforeAll(async () => {
  origin = await startOrigin();
  plain = createServer({ allowHalfOpen: true }, (socket) => {
    socket.write('ready\n');
    socket.pipe(socket);
    socket.on('error', () => undefined);
  });
  plain.listen(0, '127.0.0.1');
  await once(plain, 'listening');
  plainPort = (plain.address() as AddressInfo).port;
  const ports = [origin.httpPort, origin.httpsPort, plainPort].map((port) => `127.0.0.1:${port}`);
  const resolver = async (name: string) => (name.endsWith('.test') ? ['127.0.0.1'] : []);
  server = await startRealServer({ SANDBOX_NETWORK: 'proxy', SANDBOX_EGRESS_ALLOW: ports.join(',') }, { resolver });
  const path = '/workspace/origin.pem';
  await server.call('POST', '/sandbox/ada/file', { path, content: origin.certificate });
});
afterAll(async () => {
  await server?.close();
  await origin?.close();
  plain?.close();
});

const shell = async (command: string) => (await server.shell('ada', command)).body;
const httpsUrl = (path: string) => `https://origin.test:${origin.httpsPort}${path}`;

async function node(code: string) {
  await server.call('POST', '/sandbox/ada/file', { path: '/workspace/program.cjs', content: code });
  return await shell('NODE_EXTRA_CA_CERTS=origin.pem node program.cjs');
}

describe('SOCKS on the loopback', () => {
  it.each(['127.0.0.1:1080', '127.0.0.1:3128', 'any:password@127.0.0.1:1080'])('serves curl at %s', async (proxy) => {
    const get = `HTTPS_PROXY= https_proxy= curl -sS --cacert origin.pem -x socks5h://${proxy} ${httpsUrl('/hello')}`;
    expect(await shell(get)).toMatchObject({ error: null, output: `hello origin.test:${origin.httpsPort}` });
  });

  it('takes HTTP at its port too', async () => {
    const get = `curl -sS --cacert origin.pem -x http://127.0.0.1:1080 ${httpsUrl('/hello')}`;
    expect(await shell(get)).toMatchObject({ output: `hello origin.test:${origin.httpsPort}` });
  });

  /** Exit codes of curl's own, and the number of SOCKS in its message. */
  it.each([
    ['what is denied', 'http://10.0.0.1/', '2'],
    ['what the policy closes by its port', 'http://origin.test:81/', '2'],
    ['a name that is none', 'http://origin.absent/', '4'],
    ['an address of IPv6', 'http://[fd00::1]/', '2'],
  ])('refuses %s with its number', async (_what, url, code) => {
    const { output } = await shell(`http_proxy= HTTP_PROXY= curl -sS -x socks5h://127.0.0.1:1080 ${url} 2>&1; echo $?`);
    expect(output).toMatch(new RegExp(`connection to \\S+ .*\\(${code}\\)\\n97\\n$`, 'i'));
  });

  it('neither listens nor carries UDP, says so by number, and knows no version 4', async () => {
    const code = `
import socket
def say(*messages):
    with socket.create_connection(("127.0.0.1", 1080), 20) as proxy:
        for message in messages:
            proxy.sendall(message)
        proxy.shutdown(socket.SHUT_WR)
        answer = b""
        while part := proxy.recv(100):
            answer += part
        print(answer.hex())
GREETING = b"\\5\\1\\0"
say(GREETING, b"\\5\\3\\0\\1\\0\\0\\0\\0\\0\\0")
say(GREETING, b"\\5\\2\\0\\1\\0\\0\\0\\0\\0\\0")
say(GREETING, b"\\5\\1\\0\\2\\0\\0\\0\\0\\0\\0")
say(b"\\5\\1\\1")
say(b"\\4\\1\\0\\1\\1\\1\\1\\1a\\0")`;
    const { output } = (await server.execute('ada', code)).body;
    const rest = '0001000000000000';
    expect(output).toBe(`05000507${rest}\n05000507${rest}\n05000508${rest}\n05ff\n005b000000000000\n`);
  });
});

describe('Node, with clients that know no proxy', () => {
  it.each([
    ['ws', () => `ws://origin.test:${origin.httpPort}/`],
    ['wss', () => `wss://origin.test:${origin.httpsPort}/`],
  ])('opens a WebSocket by %s', async (_scheme, url) => {
    const code = `
const socket = new (require('undici').WebSocket)('${url()}');
socket.onmessage = ({ data }) => { console.log(data); if (data === 'back') socket.close(); else socket.send('back'); };
socket.onerror = (event) => console.log(event.error ?? event.message);`;
    expect(await node(code)).toMatchObject({ output: expect.stringMatching(/^hello origin\.test:\d+\nback\n$/) });
  });

  it('speaks TCP with what speaks first, and each way ends by itself', async () => {
    const code = `
const socket = require('net').connect(${plainPort}, 'database.test', () => console.log(socket.remoteAddress, socket.connecting));
socket.setNoDelay(true).setEncoding('utf8').end('question');
let text = '';
socket.on('data', (part) => { text += part; }).on('end', () => console.log(JSON.stringify(text)));`;
    expect(await node(code)).toMatchObject({ output: '127.0.0.1 false\n"ready\\nquestion"\n' });
  });

  it('carries megabytes', async () => {
    const code = `
const socket = require('net').createConnection({ port: ${plainPort}, host: 'database.test' });
let length = 0;
socket.on('data', (part) => { length += part.length; }).on('end', () => console.log(length));
socket.end(Buffer.alloc(3_000_000));`;
    expect(await node(code)).toMatchObject({ output: '3000006\n' });
  });

  it('asks over TLS: an agent of a program, a socket of its own, undici of npm', async () => {
    const code = `
const https = require('https'), tls = require('tls');
https.get('${httpsUrl('/hello')}', { agent: new https.Agent({ keepAlive: true }) }, (answer) => answer.on('data', (text) => console.log(String(text))).on('end', () => {
  const socket = tls.connect(${origin.httpsPort}, 'origin.test', { servername: 'origin.test' }, () => console.log(socket.authorized));
  socket.end('GET /hello HTTP/1.0\\r\\nHost: raw\\r\\n\\r\\n');
  socket.on('data', (text) => console.log(String(text).split('\\r\\n').at(-1))).on('close', async () => {
    console.log(await (await require('undici').request('${httpsUrl('/hello')}')).body.text());
    process.exit();
  });
}));`;
    const greeting = `hello origin.test:${origin.httpsPort}\n`;
    expect(await node(code)).toMatchObject({ error: null, output: `${greeting}true\nhello raw\n${greeting}` });
  });

  it('is told what is denied, and why', async () => {
    const code = `
require('net').connect(5432, '10.0.0.1').on('error', (error) => console.log(error.code, error.message));
require('tls').connect(5432, '10.0.0.1').on('error', (error) => console.log(error.message));`;
    const sentence = 'The proxy answered 403 This sandbox may not connect to 10.0.0.1 on port 5432.\n';
    const { output } = await node(code);
    expect(output.split('\n').sort()).toEqual(`ERR_PROXY_TUNNEL ${sentence}${sentence}`.split('\n').sort());
  });

  it('reaches what listens in the sandbox itself, and sockets in files', async () => {
    const code = `
const net = require('net');
const serve = (where, then) => net.createServer((socket) => socket.end('mine')).listen(where, then);
const server = serve(0, () => net.connect(server.address().port, 'localhost').on('data', (text) => console.log(String(text))).on('end', () => {
  serve('/tmp/own.sock', () => net.connect('/tmp/own.sock').on('data', (text) => { console.log(String(text)); process.exit(); }));
}));`;
    expect(await node(code)).toMatchObject({ output: 'mine\nmine\n' });
  });
});

describe('clara-connect', () => {
  it('is a connection for the programs that start one, such as ssh', async () => {
    const { output } = await shell(`echo question | clara-connect database.test ${plainPort}`);
    expect(output).toBe('ready\nquestion\n');
    expect((await shell('cat /etc/ssh/ssh_config.d/clara.conf')).output).toContain('clara-connect %h %p');
  });

  it('lends its port to programs that know no proxy at all', async () => {
    const code = `
import socket, subprocess
there = subprocess.Popen(["clara-connect", "--listen", "0", "database.test", "${plainPort}"], stderr=subprocess.PIPE, text=True)
port = int(there.stderr.readline().split(":")[2].split()[0])
for word in b"one", b"two":
    with socket.create_connection(("127.0.0.1", port), 20) as sock:
        sock.sendall(word)
        sock.shutdown(socket.SHUT_WR)
        print(b"".join(iter(lambda: sock.recv(100), b"")).decode())
there.kill()`;
    expect((await server.execute('ada', code)).body).toMatchObject({ output: 'ready\none\nready\ntwo\n' });
  });

  it('says why there is no connection', async () => {
    const { output } = await shell('clara-connect 10.0.0.1 22 2>&1; echo $?; clara-connect x 2>&1 | head -1');
    expect(output).toBe(
      "clara-connect: This sandbox may not connect to 10.0.0.1 on port 22.\n1\nFor programs that know no proxy: a TCP connection to any host that the sandbox's policy permits.\n",
    );
    const without = await shell(
      'env -u HTTPS_PROXY -u https_proxy -u ALL_PROXY -u all_proxy clara-connect a.test 22 2>&1',
    );
    expect(without.output).toContain('There is no proxy: HTTPS_PROXY is not set');
  });
});
