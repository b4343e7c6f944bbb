import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { GenericContainer, getContainerRuntimeClient } from 'testcontainers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ensureBaseImage } from '../support/base-image.ts';
import { bannedAddress } from '../support/fail2ban-filter.ts';
import { mountsBelow } from '../support/mounts.ts';
import { removeAll } from '../support/real-server.ts';
import { startRefused } from '../support/refused-start.ts';
import { ROOT } from './base-images.ts';
import { nameOf, PROJECT, PROJECT_LABEL, removeLeftovers, removeProjects } from './compose-project.ts';
import { type Deployment, startDeployment } from './deployment.ts';
import { type HttpsRequest, sendJson } from './https-client.ts';
import { makeTlsHost, type TlsHost } from './tls-host.ts';

const BUILD_TIMEOUT_MS = 600_000;

describe('the production profile of docker-compose.yml', () => {
  let deployment: Deployment | undefined;
  let known: TlsHost;
  let stranger: TlsHost;

  beforeAll(async () => {
    known = await makeTlsHost('known.secrets.test');
    stranger = await makeTlsHost('stranger.secrets.test');
    deployment = await startDeployment({
      SANDBOX_DISK_LIMIT: '64m',
      SANDBOX_EGRESS_ALLOW: `*,${known.address},${stranger.address}`,
      NODE_EXTRA_CA_CERTS: known.certificateFile,
    });
    await Promise.all([known.start(), stranger.start()]);
  }, BUILD_TIMEOUT_MS);

  afterAll(async () => {
    await Promise.all([known?.close(), stranger?.close()]);
    await deployment?.close();
  }, BUILD_TIMEOUT_MS);

  function send(path: string, apiKey?: string, body?: unknown, more: Readonly<Record<string, string>> = {}) {
    return sendAs(body === undefined ? 'GET' : 'POST', path, apiKey, body, more);
  }

  function sendAs(
    method: NonNullable<HttpsRequest['method']>,
    path: string,
    apiKey: string | undefined,
    body: unknown,
    more: Readonly<Record<string, string>> = {},
  ) {
    if (!deployment) throw new Error('The deployment has not started.');
    const headers = { ...more, ...(apiKey === undefined ? {} : { 'x-api-key': apiKey }) };
    return sendJson({ port: deployment.httpsPort, authority: deployment.authority, path, method, headers, body });
  }

  it('answers over HTTPS that it is healthy', async () => {
    expect(await send('/health')).toMatchObject({ status: 200, body: { status: 'healthy', docker: true } });
  });

  it('refuses a wrong key', async () => {
    const answer = await send('/sandbox/erika/execute', 'a wrong key', { code: 'print(1)' });
    expect(answer).toEqual({ status: 401, body: { error: 'Invalid API key' } });
  });

  it('counts wrong keys by the address that Caddy sees, not by the one that a client claims', async () => {
    const statuses: number[] = [];
    for (let index = 0; index < 11; index += 1) {
      const answer = await send('/info', 'a wrong key', undefined, { 'x-forwarded-for': `203.0.113.${index}` });
      statuses.push(answer.status);
    }
    expect(statuses.at(-1)).toBe(429);
    expect((await send('/info', deployment?.apiKey)).status).toBe(200);
  });

  it('has lines in its logs by which fail2ban bans who has no right key, by the address that Caddy sees', async () => {
    const claimed = '203.0.113.77';
    await send('/info', 'a wrong key', undefined, { 'x-forwarded-for': claimed });
    const seen = await deployment?.firstInLog('caddy', (line) => bannedAddress('clara-sandbox-caddy', line));
    expect(isIPv4(seen ?? '')).toBe(true);
    expect(seen).not.toBe(claimed);
    const known = await deployment?.firstInLog('sandbox-api', (line) => bannedAddress('clara-sandbox', line));
    expect(known).toBe(seen);
  });

  it('has the status and the address of every request in the log of Caddy, and no key', async () => {
    await send('/info', deployment?.apiKey);
    const line = await deployment?.firstInLog('caddy', (text) => (text.includes('"status":200') ? text : undefined));
    expect(JSON.parse(line ?? '')).toMatchObject({
      msg: 'handled request',
      request: { remote_ip: expect.stringMatching(/^[\d.]+$/), method: 'GET' },
      status: 200,
    });
    expect(line).not.toContain('the key of the deployment test');
    expect(bannedAddress('clara-sandbox-caddy', line ?? '')).toBeUndefined();
  });

  it('keeps its data folder, which no server of this machine gets meanwhile', async () => {
    const { code, sentence } = await startRefused({ SANDBOX_DATA_DIR: deployment?.dataFolder ?? '' });
    expect([code, sentence]).toEqual([1, expect.stringContaining('which another server has')]);
    expect((await send('/health')).status).toBe(200);
  });

  it('runs code, whose files are in the data folder of this machine', async () => {
    const code = "open('/workspace/proof.txt', 'w').write('from the sandbox'); print(6 * 7)";
    const answer = await send('/sandbox/erika/execute', deployment?.apiKey, { code });
    expect(answer).toMatchObject({ status: 200, body: { success: true, output: '42\n', error: null, exit_code: 0 } });

    const folder = deployment?.dataFolder ?? '';
    const sandboxes = readdirSync(folder).filter((name) => name.includes('erika'));
    expect(sandboxes).toHaveLength(1);
    const proof = readFileSync(join(folder, sandboxes[0] ?? '', 'disk', 'workspace', 'proof.txt'), 'utf8');
    expect(proof).toBe('from the sandbox');
  });

  it('holds the disk limit against code', async () => {
    const code = "open('/workspace/big', 'wb').write(bytes(100_000_000))";
    const answer = await send('/sandbox/max/execute', deployment?.apiKey, { code });
    expect(answer).toMatchObject({
      status: 200,
      body: { success: false, error: expect.stringMatching(/No space left/) },
    });
  });

  it('ends a sandbox that takes memory of the machine which no limit counts, in locks of files', async () => {
    const take = 'file = open("/tmp/a", "w")\nfor at in range(20_000): fcntl.lockf(file, fcntl.LOCK_EX, 1, at * 2)';
    const code = `import fcntl, time\n${take}\ntime.sleep(60)`;
    const answer = await send('/sandbox/greta/execute', deployment?.apiKey, { code, timeout: 90 });
    const error = expect.stringContaining('locks of files');
    expect(answer).toMatchObject({ status: 200, body: { success: false, error } });
  });

  it('takes checkpoints, and makes a sandbox of one', async () => {
    const code = (text: string) => ({ code: `open('/workspace/a.txt', 'w').write('${text}')` });
    await send('/sandbox/anna/execute', deployment?.apiKey, code('before'));
    expect((await send('/sandbox/anna/checkpoints', deployment?.apiKey, {})).status).toBe(201);
    await send('/sandbox/anna/execute', deployment?.apiKey, code('after'));
    const from = { user_id: 'anna', checkpoint: 'latest' };
    expect((await send('/sandbox/fork/create', deployment?.apiKey, { from })).status).toBe(200);
    const restored = await send('/sandbox/anna/checkpoints/latest/restore', deployment?.apiKey, {});
    expect(restored.status).toBe(200);
    for (const user of ['anna', 'fork']) {
      const read = { code: "print(open('/workspace/a.txt').read())" };
      const answer = await send(`/sandbox/${user}/execute`, deployment?.apiKey, read);
      expect(answer).toMatchObject({ status: 200, body: { output: 'before\n' } });
    }
  });

  it('gives a secret to the host that it names where NODE_EXTRA_CA_CERTS vouches for it, and to the program a placeholder', async () => {
    const value = 'the secret of the deployment test';
    const { apiKey } = deployment ?? {};
    await send('/sandbox/carl/create', apiKey, {});
    const secret = { value, hosts: [known.address, stranger.address] };
    expect(await sendAs('PUT', '/sandbox/carl/secrets/API_KEY', apiKey, secret)).toEqual({ status: 204, body: null });
    const ask = async (host: TlsHost) => {
      const curl = `curl -sS -H "Authorization: Bearer $API_KEY" https://${host.address}/`;
      return (await send('/sandbox/carl/shell', apiKey, { command: `${curl} 2>&1; echo " $API_KEY"` })).body;
    };
    const hash = createHash('sha256').update(`Bearer ${value}`).digest('hex');
    expect(await ask(known)).toMatchObject({
      output: expect.stringMatching(new RegExp(`^${hash} Bearer (clara-secret-[a-z0-9]{32}) \\1\n$`)),
    });
    expect(await ask(stranger)).toMatchObject({ output: expect.stringContaining('response 502') });
  });

  it('leaves no disk mounted for a sandbox that is stopped', async () => {
    await send('/sandbox/nora/execute', deployment?.apiKey, { code: 'print(1)' });
    const mounted = async () =>
      (await mountsBelow(deployment?.dataFolder ?? '')).filter((path) => path.includes('/nora-'));
    expect(await mounted()).toHaveLength(1);
    expect((await send('/sandbox/nora/stop', deployment?.apiKey, {})).status).toBe(200);
    expect(await mounted()).toEqual([]);
  });
});

// In the file of the deployment, whose start removes leftovers too: beside this it would take what is made here.
describe('what a run has left that was killed', () => {
  let own: string | undefined;

  afterEach(async () => {
    if (own !== undefined) await removeAll(own);
    await removeProjects((pid) => pid === process.pid);
  });

  /** The number of a process that has ended. */
  async function endedProcess(): Promise<number> {
    const { stdout } = await promisify(execFile)(process.execPath, ['-p', 'process.pid']);
    return Number(stdout);
  }

  /** The projects of which there is a container, a network or a volume. */
  async function projects(): Promise<Set<string | undefined>> {
    const { dockerode } = (await getContainerRuntimeClient()).container;
    const things = [
      ...(await dockerode.listContainers({ all: true })),
      ...(await dockerode.listNetworks()),
      ...(await dockerode.listVolumes()).Volumes,
    ];
    return new Set(things.map(({ Labels }) => Labels?.[PROJECT_LABEL]));
  }

  it('is gone with the next one, and what another run has is not', async () => {
    const killed = nameOf(await endedProcess());
    const { dockerode } = (await getContainerRuntimeClient()).container;
    const image = await ensureBaseImage('python:3.12-slim');
    for (const project of [killed, PROJECT]) {
      const labels = { [PROJECT_LABEL]: project };
      await dockerode.createVolume({ Name: `${project}_data`, Labels: labels });
      await new GenericContainer(image)
        .withLabels(labels)
        .withBindMounts([{ source: `${project}_data`, target: '/data' }])
        .withCommand(['sleep', 'infinity'])
        .start();
    }
    const left = await mkdtemp(join(tmpdir(), `${killed}-`));
    own = await mkdtemp(join(tmpdir(), `${PROJECT}-`));

    await removeLeftovers();

    const found = await projects();
    expect([found.has(killed), found.has(PROJECT)]).toEqual([false, true]);
    const folders = await readdir(tmpdir());
    expect([folders.includes(basename(left)), folders.includes(basename(own))]).toEqual([false, true]);
  });
});

describe('docker-compose.yml', () => {
  const settings = (file: string, pattern: RegExp) =>
    new Set([...readFileSync(join(ROOT, file), 'utf8').matchAll(pattern)].map((match) => match[1]));

  it('passes every setting of .env.example on to the server', () => {
    const known = settings('.env.example', /^([A-Z_]+)=/gm);
    const passedOn = settings('docker-compose.yml', /^ {6}([A-Z_]+):/gm);
    expect([...known].filter((name) => !passedOn.has(name))).toEqual([]);
  });

  it('trusts the address that it gives to Caddy, and no other of its network', () => {
    const text = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');
    const address = /^ {8}ipv4_address: (\S+)$/m.exec(text)?.[1] ?? 'none';
    expect(/^ {6}SANDBOX_TRUSTED_PROXIES: (.*)$/m.exec(text)?.[1]).toBe(`${address},\${SANDBOX_TRUSTED_PROXIES:-}`);
  });
});
