/** Gives a plugin with a scope of its own a name; for one without, Fastify looks through all modules that are loaded. */
export function scoped<Plugin extends object>(name: string, plugin: Plugin): Plugin {
  return Object.assign(plugin, { [Symbol.for('fastify.display-name')]: name });
}
