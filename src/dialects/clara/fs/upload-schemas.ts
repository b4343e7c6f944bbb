import { z } from 'zod';
import { WORKSPACE } from '../../../sandboxes/spec/folders.ts';
import { pathFields, requirePath } from './fields.ts';

/** The field that comes first. */
export const folderField = z.strictObject(pathFields('path', WORKSPACE)).superRefine(requirePath('path'));

/** All is in the form. */
export const noQuery = z.strictObject({});

/** A form, which streams past the schemas. */
export const form = z.unknown().meta({
  type: 'object',
  properties: {
    path: { type: 'string', description: 'The folder; must come first.' },
    file: { type: 'array', items: { type: 'string', format: 'binary' } },
  },
  required: ['path'],
  examples: [{ path: '/workspace', file: ['(the bytes of a file)'] }],
});

export const uploadResponse = z
  .object({
    files: z.array(
      z.object({
        path: z.string(),
        path_base64: z.string().optional(),
        size: z.int().meta({ description: 'Bytes.' }),
      }),
    ),
  })
  .meta({ examples: [{ files: [{ path: '/workspace/photo.png', size: 48_213 }] }] });
