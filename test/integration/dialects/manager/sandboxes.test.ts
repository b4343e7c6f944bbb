import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManagerClient } from '../../../support/manager-client.ts';
import { type RealServer, startRealServer } from '../../../support/real-server.ts';
import { until } from '../../../support/until.ts';

const SANDBOXES = '/api/v1/sandboxes';

let server: RealServer;

const manager = new ManagerClient(() => server);

beforeAll(async () => {
  server = await startRealServer({
    SANDBOX_DISK_MECHANISM: 'loop',
    SANDBOX_DISK_LIMIT: '256m',
    SANDBOX_PREVIEW_DOMAIN: 'preview.test',
    SANDBOX_NETWORK: 'proxy',
    SANDBOX_BUILDS: 'true',
  });
});

afterAll(() => server.close());

describe('a sandbox of SandboxClient of New-dev0/Sandbox', () => {
  it('runs commands by a shell, and says by the exit code what is missing', async () => {
    const id = await manager.make({ name: 'commands' });
    expect(await manager.exec(id, 'echo out; echo err >&2; exit 3')).toMatchObject({
      stdout: 'out\n',
      stderr: 'err\n',
      exit_code: 3,
    });
    expect(await manager.exec(id, 'no-such-program')).toMatchObject({ exit_code: 127 });
    await server.call('DELETE', manager.at(id));
    expect((await server.call('GET', manager.at(id))).status).toBe(404);
  });

  it('runs its main process with the environment, keeps what it says and its files through a recreation', async () => {
    const source = 'import os; print(os.environ["MODE"], flush=True); open("/workspace/seen", "a").write("x"); input()';
    const id = await manager.make({
      command: ['python3', '-c', `${source.replace('input()', 'import time; time.sleep(600)')}`],
      environment: { MODE: 'one' },
    });
    const said = async () =>
      (await manager.get(id, '/logs')).logs.flatMap((line: { log_type: string; message: string }) =>
        line.log_type === 'stdout' ? [line.message] : [],
      );
    await until('it has said something', async () => (await said()).length === 1);
    await server.call('POST', manager.at(id, '/env'), { environment: { MODE: 'two' } });
    await until('it has said more', async () => (await said()).length === 2);
    expect(await said()).toEqual(['one', 'two']);
    await until('both have written', async () => (await manager.exec(id, 'cat /workspace/seen')).stdout === 'xx');
    expect((await server.call('POST', manager.at(id, '/stop?timeout=5'))).body).toEqual({ status: 'stopped' });
    expect(await manager.get(id)).toMatchObject({ status: 'exited', container_id: id });
    await server.call('DELETE', manager.at(id));
  });

  it('ends the command of a stream whose reader leaves', async () => {
    const id = await manager.make({});
    const leaving = new AbortController();
    const streamed = await fetch(`${server.url}${manager.at(id, '/exec/stream')}`, {
      method: 'POST',
      headers: { 'x-api-key': server.apiKey, 'content-type': 'application/json' },
      body: JSON.stringify({ command: 'echo begun; exec sleep 987' }),
      signal: leaving.signal,
    });
    const reader = streamed.body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('begun\n');
    const runs = async () => (await manager.exec(id, 'pgrep -fx "sleep 987"')).exit_code === 0;
    // The shell says so before it is that program.
    await until('the command runs', runs);
    leaving.abort();
    await until('the command has ended', async () => !(await runs()));
    await server.call('DELETE', manager.at(id));
  });

  it('is exported with names below the folder, all of its workspace where that is /', async () => {
    const id = await manager.make({ name: 'exported' });
    await manager.exec(id, 'mkdir -p app/src && echo 1 > app/src/a.py && echo 2 > top');
    const namesOf = async (query: string) => {
      const headers = { 'x-api-key': server.apiKey };
      const answer = await fetch(`${server.url}${manager.at(id, `/export${query}`)}`, { headers });
      expect(answer.headers.get('content-length')).toBeNull();
      const program =
        'import io, sys, zipfile; print(*zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read())).namelist())';
      const input = Buffer.from(await answer.arrayBuffer());
      return execFileSync('python3', ['-c', program], { input }).toString().trim().split(' ');
    };
    expect(await namesOf('?folder_path=/workspace/app')).toEqual(['src/', 'src/a.py']);
    expect(await namesOf('')).toEqual(expect.arrayContaining(['app/src/a.py', 'top']));
    await server.call('DELETE', manager.at(id));
  });

  it('has exited with the code of its main process', async () => {
    const id = await manager.make({ command: 'python3 -c "raise SystemExit(7)"' });
    await until('it has exited', async () => (await manager.get(id)).status === 'exited');
    expect(await manager.get(id)).toMatchObject({ exit_code: 7, terminated_at: expect.any(String) });
    await server.call('DELETE', manager.at(id));
  });
});

describe('an image of SandboxClient of New-dev0/Sandbox', () => {
  it('is built of a folder of a sandbox, without a network, and goes with the sandbox that is made of it', async () => {
    const source = await manager.make({ name: 'source' });
    const run = (id: string, command: string) => manager.exec(id, command);
    const text =
      'FROM python:3.9\\nCOPY note.txt /opt/note.txt\\nRUN ls /sys/class/net > /opt/cards && chmod a+r /opt/*\\n';
    await run(source, `mkdir app && cd app && echo hello > note.txt && printf '${text}' > Dockerfile`);
    const context = { context_path: 'source:/workspace/app' };
    const id = await manager.make({ image: 'mine:1', force_build: true, build_context: context });
    expect(await manager.get(id)).toMatchObject({ image: 'mine:1', status: 'running' });
    expect((await run(id, 'cat /opt/note.txt /opt/cards')).stdout).toBe('hello\nlo\n');
    await run(source, "printf 'FROM python:3.9\\nRUN echo so && exit 7\\n' > app/Dockerfile");
    const failed = await server.call('POST', SANDBOXES, { image: 'mine:1', force_build: true, build_context: context });
    expect(failed).toMatchObject({
      status: 422,
      body: { detail: expect.stringMatching(/returned a non-zero code: 7.*so/s) },
    });
    await server.call('DELETE', manager.at(id));
    await server.call('DELETE', manager.at(source));
  });
});

describe('a port of SandboxClient of New-dev0/Sandbox', () => {
  it('is public at its subdomain, and below the API for who has the key', async () => {
    const source = 'python3 -m http.server 8080 --directory /workspace';
    const id = await manager.make({
      command: source,
      ports: [
        { internal: 8080, subdomain: 'shop' },
        { port: 53, protocol: 'udp' },
      ],
    });
    const { urls, ports } = await manager.get(id);
    expect(urls).toEqual({ 8080: 'https://shop.preview.test/' });
    expect(ports).toMatchObject([{ external_port: 8080 }, { internal_port: 53, url: null }]);
    await manager.exec(id, 'echo hello > /workspace/index.html');
    const visit = async (host: string) => await server.app.inject({ url: '/', headers: { host } });
    await until('it listens', async () => (await visit('shop.preview.test')).statusCode === 200);
    expect((await visit('shop.preview.test')).body).toBe('hello\n');
    expect((await visit('other.preview.test')).statusCode).toBe(502);
    const below = await server.app.inject({
      url: manager.at(id, '/ports/8080/'),
      headers: { 'x-api-key': server.apiKey },
    });
    expect([below.statusCode, below.body]).toEqual([200, 'hello\n']);
    expect((await server.app.inject({ url: manager.at(id, '/ports/8080/') })).statusCode).toBe(401);
    const again = await server.call('POST', SANDBOXES, {
      image: 'python:3.9',
      ports: [{ port: 1, subdomain: 'shop' }],
    });
    expect(again).toMatchObject({ status: 409, body: { detail: expect.stringContaining('shop') } });
    await server.call('DELETE', manager.at(id));
    expect((await visit('shop.preview.test')).statusCode).toBe(502);
  });
});

describe('a network of SandboxClient of New-dev0/Sandbox', () => {
  it('lets its sandboxes reach the servers of each other by their names, and nobody else', async () => {
    const serve = 'python3 -m http.server 8000';
    const web = await manager.make({ name: 'Web', command: `sh -c 'echo hello > index.html; exec ${serve}'` });
    const client = await manager.make({ name: 'client' });
    const fetched = () => manager.exec(client, 'curl -sS -m 20 http://web:8000/index.html');
    expect((await fetched()).stdout).not.toBe('hello\n');
    for (const name of ['Web', 'client']) {
      expect(await server.call('POST', manager.at(name, '/networks/backend/connect'))).toMatchObject({ status: 200 });
    }
    await until('it serves', async () => (await fetched()).stdout === 'hello\n');
    const tunnel = await manager.exec(client, 'curl -sS -m 20 --proxytunnel http://web:8000/index.html');
    expect(tunnel).toMatchObject({ stdout: 'hello\n', exit_code: 0 });
    const absent = await manager.exec(client, 'curl -sS -m 20 http://web:8001/');
    expect(absent.stdout).toContain('Nothing listens on port 8001');

    // A tunnel that stands ends with the membership.
    const script =
      'import socket; s = socket.create_connection(("127.0.0.1", 3128)); s.sendall(b"CONNECT web:8000 HTTP/1.1\\r\\n\\r\\n"); print(s.recv(99)[9:12].decode(), flush=True); print(len(s.recv(1)), flush=True)';
    const main = await manager.make({ name: 'holder' });
    await server.call('POST', manager.at(main, '/networks/backend/connect'));
    await server.call('POST', manager.at(main, '/entrypoint'), { command: ['python3', '-c', script] });
    const said = async () =>
      (await manager.get(main, '/logs')).logs.flatMap((line: { log_type: string; message: string }) =>
        line.log_type === 'stdout' ? [line.message] : [],
      );
    await until('it is connected', async () => (await said())[0] === '200');
    await server.call('POST', manager.at(main, '/networks/backend/disconnect'));
    await until('it has ended', async () => (await said())[1] === '0');

    await server.call('POST', manager.at(web, '/networks/backend/disconnect'));
    expect((await fetched()).stdout).not.toBe('hello\n');
    for (const id of [web, client, main]) await server.call('DELETE', manager.at(id));
  });
});
