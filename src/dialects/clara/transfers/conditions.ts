import type { z } from 'zod';
import type { IsUnchanged, WriteCondition } from '../../../files/files.ts';
import { parseEntityTags } from '../../../http/transfer/entity-tags.ts';
import { isChangedSince, parseHttpDate } from '../../../http/transfer/http-date.ts';
import type { conditionHeaders } from './schemas.ts';

/** What an upload is written only over: versions, or a file whose time in milliseconds is unchanged; undefined where it asks for nothing. */
export function toCondition(headers: z.output<typeof conditionHeaders>): WriteCondition | IsUnchanged | undefined {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch, 'if-unmodified-since': since } = headers;
  if (ifMatch === undefined) {
    if (ifNoneMatch !== undefined) return ['absent'];
    return parseHttpDate(since) === null ? undefined : (modifiedMs) => !isChangedSince(since, modifiedMs);
  }
  if (ifNoneMatch !== undefined) return [];
  return parseEntityTags(ifMatch)
    .filter((tag) => !tag.startsWith('W/'))
    .map((tag) => (tag === '*' ? 'present' : tag.slice(1, -1)));
}
