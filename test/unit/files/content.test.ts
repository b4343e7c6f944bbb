import { describe, expect, it } from 'vitest';
import { toFileContent } from '../../../src/files/content.ts';

describe('file content', () => {
  it('is text where it is UTF-8, byte order mark included', () => {
    expect(toFileContent(Buffer.from('\ufeffGrüße'))).toEqual({ content: '\ufeffGrüße', encoding: 'utf-8' });
  });

  it('is base64 where it is not', () => {
    expect(toFileContent(Buffer.from([0xff, 0x00]))).toEqual({ content: '/wA=', encoding: 'base64' });
  });
});
