import { readdirSync, readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bannedAddress } from '../support/fail2ban-filter.ts';
import { mountsBelow } from '../support/mounts.ts';
import { startRefused } from '../support/refused-start.ts';
import { ROOT } from './base-images.ts';
import { type Deployment, startDeployment } from './deployment.ts';
import { sendJson } from './https-client.ts';

const BUILD_TIMEOUT_MS = 600_000;

describe('the production profile of docker-compose.yml', () => {
  let deployment: Deployment | undefined;

  beforeAll(async () => {
    deployment = await startDeployment({ SANDBOX_DISK_LIMIT: '64m' });
  }, BUILD_TIMEOUT_MS);

  afterAll(() => deployment?.close(), BUILD_TIMEOUT_MS);

  function send(path: string, apiKey?: string, body?: unknown, more: Readonly<Record<string, string>> = {}) {
    if (!deployment) throw new Error('The deployment has not started.');
    const headers = { ...more, ...(apiKey === undefined ? {} : { 'x-api-key': apiKey }) };
    const method = body === undefined ? 'GET' : 'POST';
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

  it('leaves no disk mounted for a sandbox that is stopped', async () => {
    await send('/sandbox/nora/execute', deployment?.apiKey, { code: 'print(1)' });
    const mounted = async () =>
      (await mountsBelow(deployment?.dataFolder ?? '')).filter((path) => path.includes('/nora-'));
    expect(await mounted()).toHaveLength(1);
    expect((await send('/sandbox/nora/stop', deployment?.apiKey, {})).status).toBe(200);
    expect(await mounted()).toEqual([]);
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
