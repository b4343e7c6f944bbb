import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/config.ts';
import { explainUnknownNames } from '../../../src/config/variable-names.ts';

const required = { SANDBOX_API_KEY: 'key-for-these-tests' };

const LONG = 'a-secret-of-these-tests-with-more-than-32-characters';

describe('variables of the guide of Cloud Sandbox', () => {
  it('are read where those of this server are absent', () => {
    const guide = { POOL_MIN_SIZE: '5', POOL_MAX_SIZE: '40', SANDBOX_IMAGE: 'my/image:1' };
    expect(parseConfig({ ...required, ...guide })).toMatchObject({
      poolSize: 5,
      maxSandboxes: 40,
      image: 'my/image:1',
    });
    const ours = { SANDBOX_POOL_SIZE: '1', SANDBOX_MAX_CONTAINERS: '2', SANDBOX_DOCKER_IMAGE: 'ours:1' };
    expect(parseConfig({ ...required, ...guide, ...ours })).toMatchObject({
      poolSize: 1,
      maxSandboxes: 2,
      image: 'ours:1',
    });
    expect(parseConfig({ ...required, POOL_MIN_SIZE: '' }).poolSize).toBe('auto');
    expect(() => parseConfig({ ...required, POOL_MIN_SIZE: 'many' })).toThrow(/SANDBOX_POOL_SIZE/);
  });

  it('mean the own image by that of the guide, and are no slip of the pen', () => {
    expect(parseConfig({ ...required, SANDBOX_IMAGE: 'python:3.11-slim' }).image).toBe('clara-sandbox:latest');
    expect(explainUnknownNames(['SANDBOX_IMAGE', 'POOL_MIN_SIZE'], ['SANDBOX_DOCKER_IMAGE'], '.env')).toEqual([]);
  });

  it('that name other services are told together', () => {
    const services = { REDIS_ADDR: 'localhost:6379', POSTGRES_HOST: 'localhost', SCHEDULER_URL: '', HOME: '/root' };
    expect(parseConfig({ ...required, ...services }).unneededVariables).toEqual(['POSTGRES_HOST', 'REDIS_ADDR']);
  });
});

describe('JWT_SECRET of the guide of Cloud Sandbox', () => {
  it.each([
    'short',
    'cloud-sandbox-secret',
    'your-secret-key-change-in-production',
    'dev-secret-key-change-in-production',
  ])('is not %s', (secret) => {
    expect(() => parseConfig({ ...required, JWT_SECRET: secret })).toThrow(/JWT_SECRET/);
  });

  it('is long, and not the API key', () => {
    expect(parseConfig({ ...required, JWT_SECRET: LONG }).jwtSecret).toBe(LONG);
    expect(parseConfig(required).jwtSecret).toBeNull();
    expect(() => parseConfig({ SANDBOX_API_KEY: LONG, JWT_SECRET: LONG })).toThrow(/JWT_SECRET/);
  });
});
