import { z } from 'zod';

/** The fields of a query that are numbers. */
export function numberFields(schema: z.ZodType): readonly string[] {
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape)
    .filter(([, field]) => isNumber(field))
    .map(([name]) => name);
}

/** A query with no number in the fields that hold a blank text, which `Number()` takes for 0. */
export function refuseBlanks(query: unknown, numbers: readonly string[]): unknown {
  if (typeof query !== 'object' || query === null) return query;
  const blank = Object.entries(query).filter(([name, sent]) => numbers.includes(name) && isBlank(sent));
  return blank.length === 0 ? query : { ...query, ...Object.fromEntries(blank.map(([name]) => [name, Number.NaN])) };
}

function isNumber(field: unknown): boolean {
  if (field instanceof z.ZodDefault || field instanceof z.ZodOptional) return isNumber(field.unwrap());
  return field instanceof z.ZodNumber;
}

function isBlank(sent: unknown): boolean {
  return typeof sent === 'string' && sent.trim() === '';
}
