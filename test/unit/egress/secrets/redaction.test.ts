import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { fillRequest } from '../../../../src/egress/secrets/filled-request.ts';
import { Redaction } from '../../../../src/egress/secrets/redaction.ts';
import type { EgressSecret } from '../../../../src/egress/secrets/secret.ts';

const secret = (value: string, placeholder: string): EgressSecret => ({
  value,
  placeholder,
  hosts: [],
  header: null,
  isInQuery: false,
});

/** What comes out of these pieces, one after the other. */
async function redact(redaction: Redaction, pieces: readonly string[]): Promise<string> {
  const stream = redaction.stream();
  const whole = buffer(stream);
  for (const piece of pieces) stream.write(Buffer.from(piece));
  stream.end();
  return (await whole).toString();
}

const split = (text: string, size: number) => text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];

describe('what a host answers', () => {
  const redaction = new Redaction(
    [secret('abacus', 'ONE'), secret('abacus-long', 'TWO'), secret('ab"c d', 'THREE')],
    [],
  );

  it.each([1, 2, 3, 5, 7, 64])('loses its values however it comes, in pieces of %i', async (size) => {
    const text = 'abaabacus, abacus-lon, abacus-long! ab"c d ab\\"c d ab%22c%20d abac';
    expect(await redact(redaction, split(text, size))).toBe('abaONE, ONE-lon, TWO! THREE THREE THREE abac');
  });

  it('is passed on at once but for what may be the beginning of a value', () => {
    const stream = redaction.stream();
    stream.write(Buffer.from('data: 1\n\n'));
    expect(String(stream.read())).toBe('data: 1\n\n');
    stream.write(Buffer.from('data: aba'));
    expect(String(stream.read())).toBe('data: ');
    stream.destroy();
  });

  it('loses many short values in one pass', async () => {
    const short = new Redaction([secret('a', '-'), secret('zzz', 'Z')], []);
    expect(await redact(short, ['a'.repeat(2 ** 20)])).toBe('-'.repeat(2 ** 20));
  });

  it('loses what Basic was made of', () => {
    const headers = [['Authorization', `Basic ${Buffer.from('ada:ONE').toString('base64')}`]] as const;
    const filled = fillRequest({ target: '/', headers }, [secret('abacus', 'ONE')]);
    const sent = Buffer.from('ada:abacus').toString('base64');
    expect(filled.headers).toEqual([['Authorization', `Basic ${sent}`]]);
    const clean = new Redaction([secret('abacus', 'ONE')], filled.replacements).text(`got ${sent}`);
    expect(clean).toBe(`got ${Buffer.from('ada:ONE').toString('base64')}`);
  });

  it.each([
    ['JavaScript writes JSON', '"k/é <&(x"'],
    ['PHP writes JSON', '"k\\/\\u00e9 <&(x"'],
    ['PHP writes JSON in UTF-8', '"k\\/é <&(x"'],
    ['PHP writes JSON for pages', '"k\\/\\u00e9 \\u003C\\u0026(x"'],
    ['.NET writes JSON', '"k/\\u00E9 \\u003C\\u0026(x"'],
    ['Python writes JSON', '"k/\\u00e9 <&(x"'],
    ['Python writes JSON of bytes as characters', '"k/\\u00c3\\u00a9 <&(x"'],
    ['Go writes JSON', '"k/é \\u003c\\u0026(x"'],
    ['encodeURIComponent writes it', '"k%2F%C3%A9%20%3C%26(x"'],
    ['forms write it', '"k%2F%C3%A9+%3C%26%28x"'],
    ['Python quotes it', '"k/%C3%A9%20%3C%26%28x"'],
    ['others escape it', '"k%2f%c3%a9%20%3c%26(x"'],
  ])('loses a value as %s', (_who, text) => {
    expect(new Redaction([secret('k/é <&(x', 'ONE')], []).text(Buffer.from(text).toString('latin1'))).toBe('"ONE"');
  });

  it('loses a token in Base64 as JSON of Gson and .NET has it', () => {
    const token = new Redaction([secret('ab+/cd==', 'ONE')], []);
    expect(token.text('ab+/cd\\u003d\\u003d ab\\u002B/cd== ab+\\/cd==')).toBe('ONE ONE ONE');
  });

  it('keeps bytes of any kind', () => {
    expect(redaction.text('gr\xf6\xdfe \x80 abacus')).toBe('gr\xf6\xdfe \x80 ONE');
  });
});
