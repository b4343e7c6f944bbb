import { describe, expect, it } from 'vitest';
import { withNote } from '../../../src/contexts/notes.ts';

const note = (id: string, cwd = '/workspace') => ({ id, name: null, language: 'python', cwd, createdAtMs: 0 });

const idsWith = (noted: readonly string[], id: string, alive: readonly string[] = []) =>
  withNote(
    noted.map((one) => note(one)),
    note(id),
    { most: 3, alive: new Set(alive) },
  ).map((one) => one.id);

describe('what is noted of contexts', () => {
  it('has one of each id, as it was noted last', () => {
    expect(withNote([note('a'), note('b')], note('a', '/tmp'), { most: 3, alive: new Set() })).toEqual([
      note('b'),
      note('a', '/tmp'),
    ]);
  });

  it('is no more than there may be: the oldest go that have no interpreter', () => {
    expect(idsWith(['a', 'b'], 'c')).toEqual(['a', 'b', 'c']);
    expect(idsWith(['a', 'b', 'c'], 'd')).toEqual(['b', 'c', 'd']);
    expect(idsWith(['a', 'b', 'c'], 'd', ['a'])).toEqual(['a', 'c', 'd']);
    expect(idsWith(['a', 'b', 'c'], 'd', ['a', 'b', 'c'])).toEqual(['a', 'b', 'c', 'd']);
    expect(idsWith(['a', 'b', 'c'], 'c')).toEqual(['a', 'b', 'c']);
  });
});
