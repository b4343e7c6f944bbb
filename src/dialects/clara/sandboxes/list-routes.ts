import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import type { SandboxId } from '../../../base/sandbox-address.ts';
import { InvalidRequest } from '../../../http/validation/validation.ts';
import type { ListFilter } from '../../../sandboxes/listing.ts';
import { type Core, principalOf } from '../../dialect.ts';
import { operation } from '../operation.ts';
import { listQuery, sandboxList } from './list-schemas.ts';
import { toSandboxInfo } from './mapping.ts';

/** The native dialect: which sandboxes there are. */
export const listRoute: FastifyPluginAsyncZod<Core> = async (app, { listing }) => {
  app.get(
    '/sandbox',
    operation(
      'sandbox',
      'listSandboxes',
      'The sandboxes that the key may use, by pages',
      { querystring: listQuery, response: { 200: sandboxList } },
      { isAboutNoUser: true },
    ),
    async (request) => {
      const { limit, cursor } = request.query;
      const from = cursor === undefined ? null : toSandboxId(cursor);
      const { sandboxes, next } = await listing.page(principalOf(request), toFilter(request.query), limit, from);
      return { sandboxes: sandboxes.map(toSandboxInfo), next_cursor: next === null ? null : toCursor(next) };
    },
  );
};

function toFilter({ state, label = [], prefix, all }: z.output<typeof listQuery>): ListFilter {
  const labels = [label].flat().map((text): [string, string] => {
    const at = text.indexOf('=');
    return [text.slice(0, at), text.slice(at + 1)];
  });
  return { state: state ?? null, labels, prefix, isForAll: all === 'true' };
}

function toCursor(id: SandboxId): string {
  return Buffer.from(id).toString('base64url');
}

/** Where a page begins; one that was not given out is refused. */
function toSandboxId(cursor: string): SandboxId {
  const id = Buffer.from(cursor, 'base64url').toString('latin1');
  if (/^[a-z0-9-]{1,64}$/.test(id)) return id as SandboxId;
  const issue = { loc: ['query', 'cursor'], msg: 'must be the next_cursor of an answer', type: 'invalid_cursor' };
  throw new InvalidRequest([issue]);
}
