import type { McpServer } from '@modelcontextprotocol/server';
import type { Sdk } from '../../src/dialects/mcp/serving.ts';

const word = { type: 'string' } as const;

/** A schema with what lists must leave as it is: definitions, references, compositions and conditions (JSON Schema 2020-12). */
const SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: { address: { $anchor: 'addressDef', type: 'object', properties: { street: word, city: word } } },
  properties: {
    name: word,
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: word,
    email: word,
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  // biome-ignore lint/suspicious/noThenProperty: it is a word of JSON Schema.
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
};

/** The tool of the conformance suite whose schema must come through a list whole. */
export function addSchemaFixture(server: McpServer, sdk: Sdk): void {
  const inputSchema = sdk.fromJsonSchema(SCHEMA);
  server.registerTool('json_schema_2020_12_tool', { description: 'has a large schema', inputSchema }, () => ({
    content: [{ type: 'text', text: 'done' }],
  }));
}
