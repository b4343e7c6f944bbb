import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {{uri: string, suite: string, components: string[]}} AptSource */

/**
 * The sources of the distribution itself (release, updates, security) that a machine's apt reads;
 * those of third parties are left out.
 * @param {string} codename the release's name, such as "bookworm"
 * @param {string} [folder] apt's configuration folder
 * @returns {AptSource[]}
 */
export function readDistributionSources(codename, folder = '/etc/apt') {
  const suites = [codename, `${codename}-updates`, `${codename}-security`];
  return readAllSources(folder).filter(
    (source) =>
      suites.includes(source.suite) &&
      source.components.includes('main') &&
      (source.signedBy === '' || /\b(debian|ubuntu)-archive-/.test(source.signedBy)),
  );
}

/**
 * @param {string} folder
 * @returns {(AptSource & {signedBy: string})[]}
 */
function readAllSources(folder) {
  const parts = join(folder, 'sources.list.d');
  const files = [join(folder, 'sources.list')];
  if (existsSync(parts))
    files.push(
      ...readdirSync(parts)
        .sort()
        .map((name) => join(parts, name)),
    );
  return files.filter(existsSync).flatMap((file) => {
    if (file.endsWith('.list')) return parseOneLineSources(readFileSync(file, 'utf8'));
    if (file.endsWith('.sources')) return parseDeb822Sources(readFileSync(file, 'utf8'));
    return [];
  });
}

/**
 * Parses the one-line format of sources.list(5).
 * @param {string} text
 */
function parseOneLineSources(text) {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (!match) return [];
    const [, options = '', uri = '', suite = '', components = ''] = match;
    const signedBy = /signed-by=(\S+)/.exec(options)?.[1] ?? '';
    return [{ uri: trimSlash(uri), suite, components: words(components), signedBy }];
  });
}

/**
 * Parses the deb822 format of sources.list(5).
 * @param {string} text
 */
function parseDeb822Sources(text) {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = readFields(stanza);
    if (!words(fields.get('types')).includes('deb') || fields.get('enabled') === 'no') return [];
    return words(fields.get('uris')).flatMap((uri) =>
      words(fields.get('suites')).map((suite) => ({
        uri: trimSlash(uri),
        suite,
        components: words(fields.get('components')),
        signedBy: fields.get('signed-by') ?? '',
      })),
    );
  });
}

/** @param {string} stanza */
function readFields(stanza) {
  /** @type {Map<string, string>} */
  const fields = new Map();
  let name = '';
  for (const line of stanza.split('\n').filter((line) => !line.startsWith('#'))) {
    const match = /^([A-Za-z][\w-]*):(.*)$/.exec(line);
    if (match) name = (match[1] ?? '').toLowerCase();
    fields.set(name, `${fields.get(name) ?? ''} ${match ? match[2] : line}`.trim());
  }
  return fields;
}

/** @param {string | undefined} text */
function words(text) {
  return (text ?? '').split(/\s+/).filter(Boolean);
}

/** @param {string} uri */
function trimSlash(uri) {
  return uri.replace(/\/+$/, '');
}
