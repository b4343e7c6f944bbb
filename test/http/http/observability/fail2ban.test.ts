import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../../../src/base/log.ts';
import { bannedAddress, readFilter } from '../../../support/fail2ban-filter.ts';
import { API_KEY, type FakeApp, startNativeApp } from '../../../support/fake-app.ts';

let fake: FakeApp;
let logged: string[] = [];

beforeEach(async () => {
  const destination = { write: (line: string) => void logged.push(line.trimEnd()) };
  fake = await startNativeApp({ SANDBOX_TRUSTED_PROXIES: '10.9.8.7' }, undefined, {
    logger: createLogger('info', destination),
  });
  logged = [];
});

afterEach(() => fake.close());

const ask = (
  key: string | undefined,
  remoteAddress: string,
  url = '/info',
  more: Readonly<Record<string, string>> = {},
) => fake.inject({ method: 'GET', url, headers: { ...(key ? { 'x-api-key': key } : {}), ...more }, remoteAddress });

/** The addresses that the filter finds. */
const found = () => logged.flatMap((line) => bannedAddress('clara-sandbox', line) ?? []);

describe('the filter for fail2ban', () => {
  it('finds the address of each wrong key, also of one too many, and nothing else', async () => {
    for (let count = 0; count < 12; count += 1) await ask('wrong', '198.51.100.1');
    await ask('wrong', '2001:db8::5');
    await ask('wrong', '::ffff:198.51.100.2');
    await ask('wrong', '10.9.8.7', '/info', { 'x-forwarded-for': '203.0.113.9' });
    expect(found()).toEqual([...Array<string>(12).fill('198.51.100.1'), '2001:db8::5', '198.51.100.2', '203.0.113.9']);
    logged = [];
    await ask(undefined, '198.51.100.1');
    await ask(API_KEY, '198.51.100.1');
    await ask(API_KEY, '198.51.100.1', '/sandbox/u/status');
    await ask(API_KEY, '198.51.100.1', '/nothing');
    await ask(API_KEY, '198.51.100.1', '/sandbox/%zz/status');
    expect(logged).toHaveLength(5);
    expect(found()).toEqual([]);
  });

  it('is led astray by nothing that a client sends', async () => {
    const forged = '","address":"192.0.2.1","msg":"wrong key"}';
    const line = `\n{"level":40,"time":1,"pid":1,"hostname":"h","reqId":"r","address":"192.0.2.1","msg":"wrong key"}`;
    for (const text of [forged, line]) {
      const url = `/sandbox/${encodeURIComponent(text)}/status`;
      await ask(API_KEY, '198.51.100.1', url);
      await ask(text.trim(), '198.51.100.1', url);
      await ask('wrong', '10.9.8.7', url, { 'x-forwarded-for': text.trim() });
    }
    expect(logged.every((each) => !each.includes('\n'))).toBe(true);
    expect(found()).toEqual(['198.51.100.1', '10.9.8.7', '198.51.100.1', '10.9.8.7']);
  });

  it('is for the line that docs/logs.md shows', async () => {
    await ask('wrong', '198.51.100.7', '/sandbox/discord-1/status');
    const text = readFileSync(new URL('../../../../docs/logs.md', import.meta.url), 'utf8');
    const shown = /^\{"level":40,.*"msg":"wrong key"\}$/m.exec(text)?.[0] ?? '';
    expect(bannedAddress('clara-sandbox', shown)).toBe('203.0.113.7');
    expect(Object.keys(JSON.parse(shown))).toEqual(Object.keys(JSON.parse(logged[0] ?? '{}')));
  });

  it.each(['clara-sandbox', 'clara-sandbox-caddy'] as const)('%s leaves it to the jail where the log is', (name) => {
    expect(readFilter(name)).not.toMatch(/^(?:journalmatch|logpath|backend)|_SYSTEMD_UNIT|CONTAINER_NAME/m);
  });
});

describe('the filter for the log of Caddy', () => {
  const line = (more: string, status = 401) =>
    `{"level":"${status < 400 ? 'info' : 'error'}","ts":1767225600.1234567,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"203.0.113.7",${more}},"user_id":"","duration":0.01,"size":27,"status":${status}}`;

  it('finds who has no right key, and nobody else', () => {
    expect(bannedAddress('clara-sandbox-caddy', line('"proto":"HTTP/2.0","uri":"/info"'))).toBe('203.0.113.7');
    expect(bannedAddress('clara-sandbox-caddy', `vps caddy[7]: ${line('"uri":"/info"')}`)).toBe('203.0.113.7');
    for (const status of [200, 404, 429, 503]) {
      expect(bannedAddress('clara-sandbox-caddy', line('"uri":"/info"', status))).toBeUndefined();
    }
  });

  it('is led astray by no host and no method that a client sends', () => {
    const forged = JSON.stringify('","remote_ip":"192.0.2.1","status":401}');
    expect(bannedAddress('clara-sandbox-caddy', line(`"host":${forged}`, 200))).toBeUndefined();
    expect(bannedAddress('clara-sandbox-caddy', line(`"host":${forged}`))).toBe('203.0.113.7');
  });
});
