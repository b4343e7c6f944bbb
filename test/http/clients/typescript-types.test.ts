import { expect, it } from 'vitest';
import { clientTypes } from '../../support/client-types.ts';
import { startFakeApp, WITH_DOCUMENTS } from '../../support/fake-app.ts';

const FILE = new URL('../../../clients/typescript/src/schema.ts', import.meta.url).pathname;

it('the types of the TypeScript client are those of the OpenAPI document; `npm run openapi` makes them anew', async () => {
  const fake = await startFakeApp({}, undefined, WITH_DOCUMENTS);
  const document = (await fake.call('GET', '/docs/json')).json();
  await fake.close();
  await expect(await clientTypes(document)).toMatchFileSnapshot(FILE);
});
