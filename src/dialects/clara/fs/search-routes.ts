import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { isBadPattern } from '../../../files/refusals.ts';
import { disconnectSignal } from '../../../http/connections/disconnect.ts';
import { InvalidRequest } from '../../../http/validation/validation.ts';
import { type Core, refOf } from '../../dialect.ts';
import { sandboxOperation } from '../operation.ts';
import { toEntry, toMatch, toPath } from './mapping.ts';
import * as schemas from './search-schemas.ts';

/** The native dialect: finding files, and lines in them. */
export const searchRoutes: FastifyPluginAsyncZod<Core> = async (app, { tree }) => {
  app.get(
    '/sandbox/:user_id/fs/glob',
    sandboxOperation(
      'files',
      'globEntries',
      'What fits a pattern of names',
      { 200: schemas.globResponse },
      { querystring: schemas.globQuery },
    ),
    async (request, reply) => {
      const { path, path_base64, pattern, limit } = request.query;
      const folder = toPath(path, path_base64);
      const found = await tree.glob(refOf(request), folder, { pattern, limit }, disconnectSignal(reply));
      return { entries: found.entries.map(toEntry), truncated: found.truncated };
    },
  );

  app.post(
    '/sandbox/:user_id/fs/search',
    sandboxOperation(
      'files',
      'searchFiles',
      'Lines of text files that hold a text or fit an expression',
      { 200: schemas.searchResponse },
      { body: schemas.searchBody },
    ),
    async (request, reply) => {
      const { path, path_base64, case_sensitive, context_lines, ...search } = request.body;
      const wanted = { ...search, caseSensitive: case_sensitive, context: context_lines };
      const folder = toPath(path, path_base64);
      const { matches, files, reason } = await namingQuery(() =>
        tree.search(refOf(request), folder, wanted, disconnectSignal(reply)),
      );
      return { matches: matches.map(toMatch), files_searched: files, truncated: reason !== null, reason };
    },
  );

  app.get(
    '/sandbox/:user_id/fs/hash',
    sandboxOperation(
      'files',
      'hashFile',
      'The digest of a file',
      { 200: schemas.hashResponse },
      { querystring: schemas.hashQuery },
    ),
    async (request, reply) => {
      const { path, path_base64, algorithm } = request.query;
      const target = toPath(path, path_base64);
      return { algorithm, ...(await tree.hash(refOf(request), target, algorithm, disconnectSignal(reply))) };
    },
  );
};

/** Does a search; a query that is no regular expression is the fault of that field. */
async function namingQuery<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isBadPattern(error)) throw error;
    const msg = error.message.replace(/^The regular expression (.*)\.$/s, '$1 as a regular expression');
    throw new InvalidRequest([{ loc: ['body', 'query'], msg, type: 'bad_pattern' }]);
  }
}
