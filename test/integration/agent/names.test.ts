import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

const SERVE = `import asyncio, socket
async def answer(reader, writer):
    writer.write(b'hello')
    await writer.drain()
    writer.close()
async def main():
    server = await asyncio.start_server(answer, 'localhost', 8899)
    print([s.getsockname() for s in server.sockets])
    reader, _ = await asyncio.open_connection('localhost', 8899)
    print(await reader.read())
asyncio.run(main())`;

const NODE = `const http = require('http');
const server = http.createServer((request, response) => response.end('by node')).listen(0, 'localhost', async () => {
  for (const name of ['localhost', 'sandbox', '127.0.0.1']) {
    console.log(await (await fetch('http://' + name + ':' + server.address().port)).text());
  }
  server.close();
});`;

describe.each(['none', 'proxy'])('with network %s a sandbox', (network) => {
  let server: RealServer;
  beforeAll(async () => {
    server = await startRealServer({ SANDBOX_NETWORK: network });
  });
  afterAll(() => server.close());
  const python = async (code: string) => {
    const { body } = await server.execute('u', code);
    return body.output + body.stderr;
  };
  const shell = async (command: string) => (await server.shell('u', command)).body.output;

  it('serves on localhost, and is reached there', async () => {
    expect(await python(SERVE)).toBe("[('127.0.0.1', 8899)]\nb'hello'\n");
    await server.call('POST', '/sandbox/u/file', { path: '/workspace/serve.js', content: NODE });
    expect(await shell('node serve.js')).toBe('by node\nby node\nby node\n');
    const listening =
      'python3 -m http.server --bind localhost 8123 > /dev/null 2>&1 & until curl -sfo /dev/null localhost:8123; do :; done';
    const fetching = `for name in localhost sandbox 127.0.0.1 0.0.0.0; do
  curl -so /dev/null -w "%{http_code}\\n" http://$name:8123/
  python3 -c "import sys, requests, urllib.request as u; print(requests.get(sys.argv[1]).status_code, u.urlopen(sys.argv[1]).status)" http://$name:8123/
done; kill $!`;
    expect(await shell(`${listening}; ${fetching}`)).toBe('200\n200 200\n'.repeat(4));
  });

  it('is told that nobody listens, and not that there is no such address', async () => {
    const code = `import socket
for name in 'localhost', '127.0.0.1', socket.gethostname():
    try: socket.create_connection((name, 1))
    except OSError as error: print(type(error).__name__)`;
    expect(await python(code)).toBe('ConnectionRefusedError\n'.repeat(3));
  });

  it('knows its own name', async () => {
    const code = `import socket
print(socket.gethostname(), socket.gethostbyname(socket.gethostname()), socket.gethostbyname('localhost'))
print({address[0] for *_, address in socket.getaddrinfo(socket.gethostname(), 80)}, {address[0] for *_, address in socket.getaddrinfo('localhost', 80)})
print(socket.getfqdn(), socket.gethostbyaddr('127.0.0.1')[0])
with socket.create_server((socket.gethostname(), 0)) as server: socket.create_connection(('localhost', server.getsockname()[1])).close()`;
    expect(await python(code)).toBe("sandbox 127.0.0.1 127.0.0.1\n{'127.0.0.1'} {'127.0.0.1'}\nlocalhost localhost\n");
    expect(await shell('hostname -i; getent hosts localhost sandbox')).toMatch(
      /^127\.0\.0\.1\n127\.0\.0\.1 +localhost\n127\.0\.0\.1 +sandbox\n$/,
    );
    expect(await shell('echo "6.6.6.6 localhost" >> /etc/hosts || echo refused')).toBe('refused\n');
  });
});

describe('a login shell', () => {
  it('has the path that every other program has', async () => {
    const server = await startRealServer();
    try {
      const { body } = await server.shell('u', 'echo $PATH; bash -lc "echo \\$PATH"; sh -lc "echo \\$PATH"');
      const [own, ...login] = body.output.trimEnd().split('\n');
      expect(own).toMatch(/^\/packages\/bin:/);
      expect(login).toEqual([own, own]);
    } finally {
      await server.close();
    }
  });

  it('finds the programs of installed packages, as any shell does', async () => {
    const server = await startRealServer();
    try {
      const make =
        'mkdir -p /packages/bin && printf "#!/bin/sh\\necho found" > /packages/bin/tool && chmod +x /packages/bin/tool';
      await server.shell('u', make);
      for (const shell of ['tool', 'bash -lc tool', 'sh -lc tool', 'env -i bash -lc tool']) {
        expect([shell, (await server.shell('u', shell)).body.output]).toEqual([shell, 'found\n']);
      }
    } finally {
      await server.close();
    }
  });
});
