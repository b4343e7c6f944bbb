import { z } from 'zod';
import { path } from '../fields.ts';

export const exportQuery = z.object({
  folder_path: path.default('/').meta({ description: 'The folder whose files are packed; / is all that is kept.' }),
});

export const zip = z.unknown().meta({ type: 'string', format: 'binary' });
