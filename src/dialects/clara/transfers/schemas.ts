import { z } from 'zod';
import { bytes, filePath, presentPath } from '../fields.ts';

/** Strict, as no client knew these routes before. */
export const rawQuery = z.strictObject({ path: filePath });

export const downloadQuery = z.strictObject({ path: presentPath });

/** The bytes of a file, which stream past the schemas. */
export const fileBytes = z.unknown().meta({ type: 'string', format: 'binary', examples: ['Hello'] });

export const rangeHeaders = z.object({
  range: z.string().optional().meta({ description: 'One range, such as bytes=0-1023, bytes=1024- or bytes=-100.' }),
  'if-match': z.string().optional().meta({ description: 'ETags; the answer is 412 where the file has none of them.' }),
  'if-unmodified-since': z
    .string()
    .optional()
    .meta({ description: 'The answer is 412 where the file was changed after this second.' }),
  'if-none-match': z
    .string()
    .optional()
    .meta({ description: 'ETags; the answer is 304 where the file has one of them.' }),
  'if-modified-since': z.string().optional().meta({
    description: 'Without If-None-Match: the answer is 304 where the file was not changed after this second.',
  }),
  'if-range': z.string().optional().meta({ description: 'The range counts only where the file has this ETag.' }),
});

/** Without examples: as they stood they would be refused, by a page that sends what it shows. */
export const conditionHeaders = z.object({
  'if-match': z
    .string()
    .optional()
    .meta({ description: 'Write only over a file with one of these ETags, or * for any.' }),
  'if-none-match': z
    .string()
    .refine((text) => text === '*', 'must be *')
    .optional()
    .meta({ description: '* writes only where there is no file yet.' }),
  'if-unmodified-since': z
    .string()
    .optional()
    .meta({ description: 'Write only over a file that was not changed after this second.' }),
});

/** The answer that is a file, or a part of one. */
export const fileDownload = (description: string) => ({
  description,
  content: { 'application/octet-stream': { schema: bytes } },
});

export const notChanged = z
  .null()
  .describe('The file has one of the ETags of If-None-Match, or was not changed since.');

const rawWriteResponse = z
  .object({ path: z.string(), size: z.int().meta({ description: 'Bytes.' }) })
  .meta({ examples: [{ path: '/workspace/data.bin', size: 67_108_864 }] });

/** The answers to an upload: over a file, or of a new one. */
export const written = { 200: rawWriteResponse, 201: rawWriteResponse };
