import { expect, it } from 'vitest';

const { counted } = await import(new URL('../../../scripts/lib/counted.mjs', import.meta.url).href);

it('says a number with the word for one or for many', () => {
  const said = [0, 1, 2].map((number) => counted(number, 'sandbox', 'sandboxes'));
  expect(said).toEqual(['0 sandboxes', '1 sandbox', '2 sandboxes']);
});
