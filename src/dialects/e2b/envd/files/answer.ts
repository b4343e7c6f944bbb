import { inline } from '../../../../http/transfer/content-disposition.ts';
import type { DownloadPlan } from '../../../../http/transfer/download-plan.ts';
import { type Coding, chooseCoding } from './codings.ts';
import { isText, mediaTypeOf } from './media-types.ts';

/** How a file is answered. */
interface FileAnswer {
  readonly coding: Coding;
  readonly headers: Readonly<Record<string, string>>;
}

/** The coding and the headers of an answer with a file of this name and size, null where nobody knows it; never both coded and a part. */
export function toFileAnswer(
  { status, headers }: DownloadPlan,
  {
    name,
    sizeBytes,
    accept,
  }: { readonly name: string; readonly sizeBytes: number | null; readonly accept: string | undefined },
): FileAnswer {
  if (status !== 200 && status !== 206) return { coding: 'identity', headers };
  const type = mediaTypeOf(name);
  const coding = chooseCoding(accept, { sizeBytes: sizeBytes ?? Number.POSITIVE_INFINITY, isText: isText(type) });
  const described = {
    ...headers,
    'Content-Type': type,
    'Content-Disposition': inline(name),
    Vary: 'Accept-Encoding',
  };
  if (coding !== 'gzip' || status === 206)
    return { coding: coding === 'gzip' ? 'identity' : coding, headers: described };
  const { 'Content-Length': _, 'Accept-Ranges': __, ETag: tag, ...rest } = described as Record<string, string>;
  // The bytes are others, and mean the same.
  return {
    coding,
    headers: { ...rest, ...(tag === undefined ? {} : { ETag: `W/${tag}` }), 'Content-Encoding': 'gzip' },
  };
}
