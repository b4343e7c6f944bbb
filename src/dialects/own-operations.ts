import type { z } from 'zod';
import type { Dialect } from './dialect.ts';

/**
 * What a route takes and answers.
 * @public The declarations of the library name it.
 */
export interface OperationSchema {
  readonly params?: z.ZodType;
  readonly querystring?: z.ZodType;
  readonly body?: z.ZodType;
  readonly response?: Readonly<Record<number, unknown>>;
}

/** The options of routes of a dialect whose ids are ours, so that keys that are bound to users of another dialect may call them; `Tag` is a section of its document. */
export function ownOperations<Tag extends string>() {
  /** About no sandbox that exists. */
  const operation = <Given extends OperationSchema>(tag: Tag, operationId: string, summary: string, schema: Given) => ({
    config: { isAboutNoUser: true },
    schema: { operationId, summary, tags: [tag], ...schema },
  });

  /** About one sandbox, which `params` name, and which may be gone or in no state for it. */
  const aboutSandbox =
    <Params extends z.ZodType, Refusal>(params: Params, refusal: Refusal) =>
    <Given extends OperationSchema>(tag: Tag, operationId: string, summary: string, schema: Given) => {
      const response: Given['response'] & { 404: Refusal; 409: Refusal } = {
        404: refusal,
        409: refusal,
        ...schema.response,
      };
      return operation(tag, operationId, summary, { params, ...schema, response });
    };

  return { operation, aboutSandbox };
}

/** The sandbox that a request names as `sandbox_id` in its path, in the namespace of its dialect. */
export function addressByPath(namespace: string): Dialect['addressOf'] {
  return ({ params }) => {
    if (typeof params !== 'object' || params === null || !('sandbox_id' in params)) return null;
    return typeof params.sandbox_id === 'string' ? { namespace, id: params.sandbox_id } : null;
  };
}
