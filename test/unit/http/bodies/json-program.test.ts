import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';

// As a thread loads it.
const {
  countValues,
  endOfText,
  readJson,
  withoutPrototypes,
}: typeof import('../../../../src/http/bodies/json-program.cjs') = createRequire(import.meta.url)(
  '../../../../src/http/bodies/json-program.cjs',
);

const bytesOf = (text: string) => new TextEncoder().encode(text);

describe('the values of a JSON text', () => {
  it.each([
    ['a number', '1', 0],
    ['an empty list', '[]', 1],
    ['a list of three', '[1, 2, 3]', 3],
    ['an object of two', '{"a": 1, "b": 2}', 2],
    ['what lists hold', '[[1, 2], {"a": []}]', 6],
    ['nothing in texts', '["a, [b], {c}"]', 1],
    ['nothing behind an escaped quote', String.raw`["\",,,,", 1]`, 2],
    ['all behind an escaped backslash', String.raw`["\\", 1, 2]`, 3],
    ['nothing in a text without an end', '["a,,,,', 1],
  ])('are counted in %s', (_what, text, count) => {
    expect(countValues(bytesOf(text), 1_000)).toBe(count);
  });

  it('are counted no further than one beyond the most', () => {
    expect(countValues(bytesOf(`[${'1,'.repeat(100)}1]`), 10)).toBe(11);
  });
});

describe('the end of a text between quotes', () => {
  it.each([
    ['at its quote', '"ab" "c"', 3],
    ['behind a quote that is escaped', String.raw`"a\"b"`, 5],
    ['at a quote behind two backslashes', String.raw`"a\\"b"`, 4],
    ['behind a quote after three backslashes', String.raw`"a\\\"b"`, 7],
    ['at the end of all where it has none', '"ab', 3],
  ])('is %s', (_where, text, at) => {
    expect(endOfText(bytesOf(text), 0)).toBe(at);
  });
});

describe('what JSON.parse makes', () => {
  it('reaches no prototype, at any depth', () => {
    const text = '{"a": {"__proto__": {"admin": true}, "b": 1}, "constructor": {"prototype": {}}, "c": [null]}';
    const value: unknown = JSON.parse(text, withoutPrototypes);
    expect(value).toEqual({ a: { b: 1 }, c: [null] });
    expect(Reflect.getPrototypeOf(Object(value).a)).toBe(Object.prototype);
  });
});

describe('the answer of a thread', () => {
  it.each([
    ['the value', '{"a": [1]}', { value: { a: [1] }, problem: null }],
    ['that it is no JSON', '{"a": ', { value: null, problem: 'invalid' }],
    ['that it holds too many values, whether it is JSON or not', '[,,,,,', { value: null, problem: 'values' }],
  ])('is %s', (_what, text, answer) => {
    expect(readJson({ bytes: bytesOf(text), maxValues: 4 })).toEqual(answer);
  });

  it('is that it is no UTF-8', () => {
    expect(readJson({ bytes: new Uint8Array([0x22, 0xff, 0x22]), maxValues: 4 }).problem).toBe('encoding');
  });
});
