import { afterEach, describe, expect, it } from 'vitest';
import { e2bApp } from '../../../support/e2b-app.ts';

const e2b = e2bApp();
const { start, call, make } = e2b;

afterEach(() => e2b.fake.close());

describe('a template', () => {
  it('is known by its names, and none is built here', async () => {
    await start();
    const { templateID } = await make({ templateID: 'code-interpreter-v1:default' });
    expect((await call('GET', '/templates/aliases/code-interpreter-v1')).json()).toEqual({ templateID, public: true });
    expect((await make({ templateID })).alias).toBe('code-interpreter-v1');
    expect((await call('GET', '/templates/aliases/nothing')).statusCode).toBe(404);
    expect((await e2b.fake.inject({ method: 'GET', url: '/e2b/health' })).statusCode).toBe(204);
    expect((await call('GET', '/v2/sandboxes?template=code-interpreter-v1')).json()).toHaveLength(2);
    expect((await call('GET', `/v2/sandboxes?template=${templateID}`)).json()).toHaveLength(2);
    expect((await call('GET', '/v2/sandboxes?template=base')).json()).toEqual([]);
    const asked = [
      ['POST', '/v3/templates'],
      ['POST', '/v2/templates/x/builds/y'],
      ['GET', '/templates/x/builds/y/status'],
      ['GET', '/volumes'],
      ['POST', '/secrets'],
    ] as const;
    for (const [method, url] of asked) {
      const answer = await call(method, url, method === 'POST' ? {} : undefined);
      expect([url, answer.statusCode, answer.json().code]).toEqual([url, 501, 501]);
    }
  });

  it('without a token is opened by its id, of which the answer warns', async () => {
    await start();
    const answer = await call('POST', '/sandboxes', { templateID: 'base', timeout: 60 });
    expect(answer.headers.warning).toMatch(/^299 - "Whoever knows the id/);
    await e2b.fake.close();
    await start({ SANDBOX_E2B_SECURE: 'always' });
    expect((await make()).envdAccessToken).toMatch(/^[0-9a-f]{64}$/);
  });
});
