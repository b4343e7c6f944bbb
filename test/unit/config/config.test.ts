import { readFileSync } from 'node:fs';
import { parse } from 'dotenv';
import { describe, expect, it } from 'vitest';
import { ConfigError, parseConfig } from '../../../src/config/config.ts';
import { environmentSchema } from '../../../src/config/environment.ts';

const required = { SANDBOX_API_KEY: 'a-long-enough-key' };

describe('configuration', () => {
  it('refuses to start without a key and says which variable is missing', () => {
    expect(() => parseConfig({})).toThrow(/SANDBOX_API_KEY must be set/);
  });

  it('takes addresses and prefixes of addresses for the way out', () => {
    const SANDBOX_EGRESS_ALLOW = '10.1.0.0/16,2001:db8::1,example.org:8443';
    expect(parseConfig({ ...required, SANDBOX_EGRESS_ALLOW }).egress.rules.allow).toHaveLength(3);
  });

  it('needs no master key where another key is configured', () => {
    const { apiKeys } = parseConfig({ SANDBOX_API_KEYS: `bot:sha256:${'0a'.repeat(32)}` });
    expect(apiKeys.map((key) => key.name)).toEqual(['bot']);
  });

  it.each([
    ['SANDBOX_API_KEYS', 'bot:hunter2'],
    ['SANDBOX_CORS_ORIGINS', 'https://app.example.org/path'],
    ['SANDBOX_RATE_LIMIT', '-1'],
    ['SANDBOX_MAX_CONNECTIONS', '1'],
    ['SANDBOX_TRUSTED_PROXIES', 'caddy'],
    ['SANDBOX_TRUSTED_PROXIES', '10.0.0.1,0.0.0.0/0'],
    ['SANDBOX_API_KEY', 'short'],
    ['SANDBOX_API_KEY', 'schlüssel-der-lang-genug-ist'],
    ['SANDBOX_API_KEY', ' a-long-enough-key'],
    ['SANDBOX_API_KEY', 'a-long-enough\nkey'],
    ['SANDBOX_DOMAIN', 'a b'],
    ['SANDBOX_DOMAIN', 'a.example {'],
    ['SANDBOX_LOG_LEVEL', 'INFO'],
    ['SANDBOX_API_PORT', 'eighty'],
    ['SANDBOX_API_PORT', '70000'],
    ['SANDBOX_DOCKER_MEMORY', 'much'],
    ['SANDBOX_DOCKER_CPU', '0'],
    ['SANDBOX_DOCKER_IMAGES', 'a b'],
    ['SANDBOX_DOCKER_IMAGES', 'a*b'],
    ['SANDBOX_DOCKER_IMAGES', 'a,,b'],
    ['SANDBOX_DISK_RESERVE', 'much'],
    ['SANDBOX_DISK_LIMIT', '1k'],
    ['SANDBOX_EGRESS_BANDWIDTH', '9000000t'],
    ['SANDBOX_DATA_DIR', 'relative/path'],
    ['SANDBOX_DOCKER_SECCOMP', 'unconfined'],
    ['SANDBOX_NETWORK', 'host'],
    ['SANDBOX_PYTHON_PRELOAD', 'os; rm -rf /'],
  ])('names %s when it is %j', (name, value) => {
    expect(() => parseConfig({ ...required, [name]: value })).toThrow(ConfigError);
    expect(() => parseConfig({ ...required, [name]: value })).toThrow(new RegExp(`${name} (?!.*Invalid)`));
  });

  it.each([
    ['SANDBOX_API_KEY', 'two words & more'],
    ['SANDBOX_DOMAIN', 'sandbox.example.org'],
    ['SANDBOX_DOMAIN', 'localhost:8443'],
    ['SANDBOX_DOMAIN', '*.example.org'],
  ])('takes %s as %j', (name, value) => {
    expect(() => parseConfig({ ...required, [name]: value })).not.toThrow();
  });

  it('takes an empty variable as absent', () => {
    expect(parseConfig({ ...required, SANDBOX_API_PORT: '' }).port).toBe(8080);
  });

  it('refuses a default that is over the maximum', () => {
    expect(() => parseConfig({ ...required, SANDBOX_DOCKER_MEMORY: '4g' })).toThrow(/SANDBOX_DOCKER_MEMORY_MAX/);
  });

  it('has exactly the keys of .env.example, with the same defaults', () => {
    const example = parse(readFileSync(new URL('../../../.env.example', import.meta.url)));
    expect(Object.keys(example).sort()).toEqual(Object.keys(environmentSchema.shape).sort());
    expect(parseConfig({ ...example, ...required })).toEqual(parseConfig(required));
  });
});

describe('the README', () => {
  it('has a row for each variable of .env.example, with its default', () => {
    const example = parse(readFileSync(new URL('../../../.env.example', import.meta.url)));
    const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
    const rows = [...readme.matchAll(/^\| `([A-Z]\w+)` \| (?:`([^`]*)`|–) \|/gm)];
    expect(Object.fromEntries(rows.map(([, name, value]) => [name, value ?? '']))).toEqual(example);
  });
});
