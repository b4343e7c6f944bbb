import { z } from 'zod';
import { bytes, folderPath, nameEncoding, path } from '../fields.ts';

export const archiveQuery = z.strictObject({
  path: path.meta({
    description: 'In the sandbox; absolute, or relative to /workspace.',
    examples: ['/workspace'],
  }),
  format: z
    .enum(['tar', 'zip'])
    .default('tar')
    .meta({ examples: ['zip'] }),
});

export const archiveUploadQuery = archiveQuery.extend({
  path: folderPath,
  format: z
    .enum(['tar', 'zip'])
    .optional()
    .meta({ description: 'Absent: what the content says; a tar may be compressed.', examples: ['zip'] }),
  encoding: nameEncoding.optional(),
});

/** The same of an archive. */
export const archiveBytes = z
  .unknown()
  .meta({ type: 'string', format: 'binary', examples: ['(the bytes of a tar or zip file)'] });

/** The answer that is a folder as an archive. */
export const archiveDownload = {
  description: 'The archive; its names start below the folder.',
  content: { 'application/x-tar': { schema: bytes }, 'application/zip': { schema: bytes } },
};

export const unpackResponse = z
  .object({
    path: z.string(),
    entries: z.int().meta({ description: 'Files, folders and links.' }),
    bytes: z.int().meta({ description: 'What the files hold.' }),
  })
  .meta({ examples: [{ path: '/workspace/project', entries: 12, bytes: 48_213 }] });
