import { posix } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type FileStat, versionOf } from '../files/files.ts';
import { planDownload } from '../http/transfer/download-plan.ts';
import type { SandboxRef } from '../sandboxes/asked/ref.ts';
import { toStream } from './body-streams.ts';
import type { Core } from './dialect.ts';

/** What is said instead where no byte of a file is sent, by status. */
const REFUSALS = {
  412: 'The file is not the one that was asked for.',
  416: 'The file is shorter than the range that was asked for.',
} as const;

/** Answers with a file or a part of it, as its headers ask; `toError` is the body of an error. */
export async function sendFile(
  { files, clock }: Pick<Core, 'files' | 'clock'>,
  ref: SandboxRef,
  path: string,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  toError: (status: 412 | 416, message: string) => Record<string, unknown>,
): Promise<void> {
  const choose = (stat: FileStat, sizeBytes: number | null) => {
    const file = { name: posix.basename(path), sizeBytes, modifiedMs: Number(stat.mtimeNs) / 1e6 };
    return planDownload(request, { ...file, version: versionOf(stat) }, clock.wallMs());
  };
  await files.download(ref, path, choose, toStream(reply), async ({ chosen, body }) => {
    const { status } = chosen;
    reply.code(status).headers(chosen.headers);
    if (status === 412 || status === 416) return await reply.send(toError(status, REFUSALS[status]));
    // Nothing at all, where null would be sent as JSON.
    return await (body ? reply.send(body) : reply.send());
  });
}
