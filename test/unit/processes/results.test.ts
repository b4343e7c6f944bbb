import { describe, expect, it } from 'vitest';
import { foldShown, parseShownLine } from '../../../src/processes/results.ts';

const result = (text: string, more = {}) => ({
  type: 'result',
  data: { 'text/plain': text },
  metadata: {},
  is_main: false,
  display_id: null,
  update: false,
  ...more,
});

const fold = (...lines: unknown[]) =>
  foldShown(Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join('')), false);

const texts = (shown: ReturnType<typeof foldShown>) => shown.results.map(({ data }) => data['text/plain']);

describe('what a run has shown', () => {
  it('is nothing where nothing came', () => {
    expect(foldShown(Buffer.alloc(0), false)).toEqual({ results: [], isTruncated: false, exception: null });
    expect(foldShown(Buffer.alloc(0), true).isTruncated).toBe(true);
  });

  it('has no update of what has no name', () => {
    expect(texts(fold(result('a'), result('b', { update: true })))).toEqual(['a']);
  });

  it('has updates in the place of what they update, and not what was cleared', () => {
    expect(
      texts(fold(result('a', { display_id: 'x' }), result('b'), result('c', { display_id: 'x', update: true }))),
    ).toEqual(['c', 'b']);
    expect(texts(fold(result('a'), { type: 'clear_output', wait: true }, result('b')))).toEqual(['b']);
  });

  it('has the exception that ended it', () => {
    const exception = { name: 'E', value: 'v', traceback: ['line'] };
    expect(fold({ type: 'error', ...exception }).exception).toEqual(exception);
  });

  it('is cut, and says so, where its last line is not whole', () => {
    const shown = foldShown(Buffer.from(`${JSON.stringify(result('a'))}\n{"type": "res`), false);
    expect([texts(shown), shown.isTruncated]).toEqual([['a'], true]);
  });

  it('is cut, and says so, behind more lines than any run sends', () => {
    const shown = foldShown(Buffer.from('{}\n'.repeat(20_000)), false);
    expect(shown).toEqual({ results: [], isTruncated: true, exception: null });
  });

  it.each([
    ['is too long', { 'image/png': 'A'.repeat(6_900_000), 'image/jpeg': 'A'.repeat(6_900_000) }],
    ['has a type that is too long', { ['x'.repeat(300)]: 'a' }],
  ])('is cut, and says so, where a result %s', (_why, data) => {
    const shown = fold(result('a'), result('', { data }), result('b'));
    expect([texts(shown), shown.isTruncated]).toEqual([['a', 'b'], true]);
  });

  it('is whole although a line has nothing', () => {
    const shown = foldShown(Buffer.from(`\n${JSON.stringify(result('a'))}\n`), false);
    expect([texts(shown), shown.isTruncated]).toEqual([['a'], false]);
  });

  it.each([
    ['no JSON', 'nonsense'],
    ['no kind', '{}'],
    ['a list for data', JSON.stringify(result('a', { data: ['a'] }))],
    [
      'more types than any value has',
      JSON.stringify(result('a', { data: Object.fromEntries([...Array(101).keys()].map((type) => [type, ''])) })),
    ],
    ['a type that is too long', JSON.stringify(result('a', { data: { ['x'.repeat(256)]: '' } }))],
    ['more than a picture', JSON.stringify(result('a'.repeat(9 * 2 ** 20)))],
    ['brackets without end', `${'['.repeat(200_000)}`],
  ])('has no line of %s', (_, text) => {
    expect(parseShownLine(text)).toBeNull();
  });
});
