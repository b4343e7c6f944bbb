import { describe, expect, it } from 'vitest';
import { parseSize } from '../../../src/base/size.ts';

describe('a size', () => {
  it.each([
    ['512m', 536_870_912],
    ['2g', 2_147_483_648],
    ['1.5GiB', 1_610_612_736],
    ['4096', 4096],
  ])('%s is %i bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each(['', 'm', '-1m', '1x', '0', '1e3', '9'.repeat(30)])('%j is none', (text) => {
    expect(parseSize(text)).toBeUndefined();
  });
});
