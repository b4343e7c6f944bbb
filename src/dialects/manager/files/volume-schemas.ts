import { z } from 'zod';
import { unicodeText } from '../../../http/validation/unicode-text.ts';
import { moment, path, text } from '../fields.ts';
import { size } from '../sizes.ts';

export const volumeName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, 'must have 1 to 63 letters, digits, dots, dashes and underscores');

const local = z
  .literal('local', {
    error: ({ input }) =>
      `must be local${typeof input === 'string' ? `, not ${input.slice(0, 64)}` : ''}: this server has no other drivers`,
  })
  .nullish();

/** One entry of `volumes` at create, under its name. */
export const volumeConfig = z.object({
  size: size.nullish().meta({ description: '512m if absent.' }),
  driver: local,
  network: z.boolean().nullish().meta({ description: 'True for one that several sandboxes may have.' }),
  mount_path: path.nullish().meta({ description: '/mnt/<name> if absent.' }),
  name: text(63).nullish().meta({ description: 'Not read: the key is the name.' }),
});

export const networkVolumeBody = z
  .object({ name: volumeName, driver: local, size: size.nullish(), mount_path: path.nullish() })
  .meta({ examples: [{ name: 'shared-data', size: '512m' }] });

export const networkVolume = z.object({ volume_name: z.string() });

/** A volume as it is answered. */
export const volume = z.object({
  id: z.int(),
  volume_id: z.string(),
  name: z.string(),
  mount_path: z.string(),
  size: z.int().meta({ description: 'MB.' }),
  driver: z.string(),
  created_at: moment,
});

export const networkVolumes = z.object({ volumes: z.array(volume) });

export const mountQuery = z.object({ mount_path: path.optional() });

export const folderQuery = z.object({ path: path.default('/') });

export const fileQuery = z.object({ path });

export const entries = z.object({
  entries: z.array(z.object({ name: z.string(), type: z.enum(['directory', 'file']) })),
});

export const content = z.object({
  content: unicodeText().meta({ description: 'Bytes that are no UTF-8 are U+FFFD.' }),
});

export const contentBody = z.object({ content: unicodeText() }).meta({ examples: [{ content: 'hello\n' }] });
