import { expect, it } from 'vitest';
import { asCloudUser } from '../../../support/cloud-user.ts';
import { speaking, startFakeApp } from '../../../support/fake-app.ts';

/** How many sessions a user may have. */
const MOST = 1_000;

it('a user has a thousand sessions at the most, however many are made at once', async () => {
  const fake = await startFakeApp({ SANDBOX_RATE_LIMIT: '0' }, undefined, speaking('cloud'));
  try {
    const user = await asCloudUser(fake, 'my-user');
    const make = async () => (await user.call('POST', '/api/v1/sessions', {})).statusCode;
    const statuses = await Promise.all(Array.from({ length: MOST + 20 }, make));
    expect(statuses.filter((status) => status === 201)).toHaveLength(MOST);
    expect(new Set(statuses)).toEqual(new Set([201, 429]));
    expect((await user.call('GET', '/api/v1/sessions')).json().sessions).toHaveLength(MOST);
  } finally {
    await fake.close();
  }
});
