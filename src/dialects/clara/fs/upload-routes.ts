import { posix } from 'node:path';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { acceptForms, type FormPart, formParts, invalidField, toFileName } from '../../../http/bodies/form-parts.ts';
import { toStream } from '../../body-streams.ts';
import { type Core, refOf } from '../../dialect.ts';
import { sandboxOperation } from '../operation.ts';
import { named, toPath } from './mapping.ts';
import * as schemas from './upload-schemas.ts';

/** The native dialect: files of a form, such as a page in a browser sends. */
export const uploadRoutes: FastifyPluginAsyncZod<Core> = async (app, { files }) => {
  await acceptForms(app);

  app.post(
    '/sandbox/:user_id/fs/upload',
    sandboxOperation(
      'files',
      'uploadForm',
      'Upload files as a form, whose first field is the path of the folder; each is written as PUT raw does',
      { 200: schemas.uploadResponse },
      { consumes: ['multipart/form-data'], querystring: schemas.noQuery, body: schemas.form },
      { streamsBody: true },
    ),
    async (request, reply) => {
      const options = { ...toStream(reply), size: undefined, only: undefined };
      const written: { path: string; size: number }[] = [];
      let folder: string | undefined;
      for await (const part of formParts(request)) {
        if (part.kind === 'field') {
          if (folder !== undefined)
            throw invalidField(part.name, 'must not come behind path; what follows it are files');
          folder = toFolder(part);
        } else {
          if (folder === undefined) throw invalidField('path', 'is required before the first file');
          const path = posix.join(folder, toFileName(part));
          const { bytes } = await files.upload(refOf(request), path, part.chunks, options);
          written.push({ ...named('path', path), size: bytes });
        }
      }
      if (folder === undefined) throw invalidField('path', 'is required before the first file');
      return { files: written };
    },
  );
};

function toFolder({ name, value }: Extract<FormPart, { kind: 'field' }>): string {
  const parsed = schemas.folderField.safeParse({ [name]: value });
  if (parsed.success) return toPath(parsed.data.path, parsed.data.path_base64);
  const issue = parsed.error.issues[0];
  if (issue?.code === 'unrecognized_keys')
    throw invalidField('path', `must be the first field; ${JSON.stringify(name)} is not`);
  throw invalidField(name, issue?.message ?? 'is not valid');
}
