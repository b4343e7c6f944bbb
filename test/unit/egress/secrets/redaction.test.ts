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

  it('keeps bytes of any kind', () => {
    expect(redaction.text('gr\xf6\xdfe \x80 abacus')).toBe('gr\xf6\xdfe \x80 ONE');
  });
});
