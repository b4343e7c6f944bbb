import { describe, expect, it } from 'vitest';
import { isBase64 } from '../../../src/dialects/base64.ts';

describe('base64', () => {
  it.each(['a', 'ab=c', '%%%', 'aGk\u00e9', 'ab=', 'abc==', 'abcd=', 'abcd==', '=', '===='])('is not %j', (text) => {
    expect(isBase64(text)).toBe(false);
  });

  it.each(['', 'aGVsbG8', 'aGVsbG8=', 'aGVs\r\nbG8=\n', 'ab', 'ab=='])('is %j', (text) => {
    expect(isBase64(text)).toBe(true);
  });
});
