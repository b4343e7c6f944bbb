import { z } from 'zod';
import { unicodeText } from '../../../http/validation/unicode-text.ts';
import { WORKSPACE } from '../../../sandboxes/spec/folders.ts';
import { usually } from '../../fields.ts';
import { bodyPathFields, flag, pathFields, requirePath } from './fields.ts';

const mode = z
  .string()
  .regex(/^[0-7]{3,4}$/, 'must be three or four octal digits')
  .meta({ description: 'Octal digits, as chmod takes them.' });

export const mkdirBody = z
  .strictObject({
    ...bodyPathFields('path', '/workspace/project'),
    parents: usually(z.boolean(), true).meta({ description: 'Makes the folders above it too.' }),
    mode: mode.nullish().meta({ description: 'Of a folder that is made; absent: as the umask has it.' }),
  })
  .superRefine(requirePath('path'))
  .meta({ examples: [{ path: '/workspace/project' }] });

const relocationBody = z
  .strictObject({
    ...bodyPathFields('from', '/workspace/a.txt'),
    ...bodyPathFields('to', '/workspace/old/a.txt'),
    overwrite: usually(z.boolean(), false).meta({
      description: 'true: what is at the target is replaced whole, whatever it is.',
    }),
  })
  .superRefine(requirePath('from'))
  .superRefine(requirePath('to'));

export const copyBody = relocationBody.meta({
  examples: [{ from: '/etc/profile', to: '/workspace/profile.txt', overwrite: true }],
});

/** Of what the example of a copy has made. */
export const moveBody = relocationBody.meta({
  examples: [{ from: '/workspace/profile.txt', to: '/workspace/project/profile.txt', overwrite: true }],
});

export const chmodBody = z
  .strictObject({
    ...bodyPathFields('path', WORKSPACE),
    mode,
    recursive: usually(z.boolean(), false).meta({ description: 'true: all below it too, links excepted.' }),
  })
  .superRefine(requirePath('path'))
  .meta({ examples: [{ path: '/workspace/project', mode: '0755' }] });

export const removeQuery = z
  .strictObject({
    ...pathFields('path', '/workspace/project'),
    recursive: flag(false).meta({ description: 'true: a folder with all in it.', examples: ['true'] }),
  })
  .superRefine(requirePath('path'));

const edit = z.strictObject({
  old: unicodeText().min(1, 'must not be empty'),
  new: unicodeText(),
  count: usually(z.int('must be a whole number').min(0, 'must be 0 or more'), 1).meta({
    description: 'How often the old text must occur; 0: any number of times.',
  }),
});

export const editBody = z
  .strictObject({ ...bodyPathFields('path', '/workspace/hello.txt'), edits: z.array(edit).min(1).max(1000) })
  .superRefine(requirePath('path'))
  .meta({ examples: [{ path: '/workspace/project/profile.txt', edits: [{ old: 'PATH', new: 'WAY', count: 0 }] }] });

export const editResponse = z
  .object({
    path: z.string(),
    path_base64: z.string().optional(),
    replaced: z.int().meta({ description: 'How many texts were replaced.' }),
    diff: z.string().meta({ description: 'What was changed, as diff -u shows it; empty where nothing was.' }),
  })
  .meta({
    examples: [
      {
        path: '/workspace/hello.txt',
        replaced: 1,
        diff: '--- /workspace/hello.txt\n+++ /workspace/hello.txt\n@@ -1 +1 @@\n-Hello\n+Goodbye\n',
      },
    ],
  });

export const removed = z.null().describe('It is gone.');
