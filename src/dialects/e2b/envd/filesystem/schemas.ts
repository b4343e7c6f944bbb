import { z } from 'zod';
import { textOrEmpty, uint32 } from '../connect/messages.ts';

export const pathRequest = z.object({ path: textOrEmpty });

export const listRequest = z.object({ path: textOrEmpty, depth: uint32.nullish() });

export const moveRequest = z.object({ source: textOrEmpty, destination: textOrEmpty });

export const watchRequest = z.object({
  path: textOrEmpty,
  recursive: z.boolean().nullish(),
  includeEntry: z.boolean().nullish(),
  allowNetworkMounts: z.boolean().nullish(),
});

export const watcherRequest = z.object({ watcherId: textOrEmpty });
