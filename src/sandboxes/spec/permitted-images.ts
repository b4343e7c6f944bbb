import { SandboxError } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import { OWN_IMAGE } from '../../config/published-images.ts';
import type { AskedSpec } from '../asked/asked-spec.ts';

/** What the names of images begin with that the server has built for a sandbox; no client asks for one by its name. */
export const BUILT_PREFIX = 'clara-built/';

/** The images that the configuration lets a create name. */
type ImageRules = Pick<Config, 'image' | 'imagePatterns'>;

/**
 * True where a create may name this image: the configured one, and what the patterns allow, of which one that ends with `*` stands for
 * all names that begin so. What the engine may take for the id of any image is allowed by its own entry or by `*` alone.
 */
export function isPermittedImage(image: string, { image: configured, imagePatterns }: ImageRules): boolean {
  const name = toFullName(image);
  const mayBeId = /^(?:sha256:)?[0-9a-f]+$/.test(image);
  return [configured, ...imagePatterns].some((pattern) => {
    if (pattern === '*' || pattern === image) return true;
    if (mayBeId) return false;
    return pattern.endsWith('*') ? name.startsWith(toRepository(pattern).slice(0, -1)) : name === toFullName(pattern);
  });
}

type AskedImage = Pick<AskedSpec, 'image' | 'imageName'>;

/** True for the configuration's image, one that is permitted, and the own one or one that was built where another name means that. */
export function isPermitted({ image, imageName }: AskedImage, rules: ImageRules): boolean {
  if (image === undefined) return true;
  if (imageName !== undefined && (image === OWN_IMAGE || image.startsWith(BUILT_PREFIX))) return true;
  return isPermittedImage(image, rules);
}

/** Throws `invalid` where a create names an image that is not permitted. */
export function requirePermittedImage(asked: AskedImage, rules: ImageRules): void {
  const { image } = asked;
  if (image === undefined || isPermitted(asked, rules)) return;
  throw notPermitted(image, rules, 'The operator of the server adds others to SANDBOX_DOCKER_IMAGES.');
}

/** The same for the image that a sandbox was made with, before it runs again. */
export function requireImageStillPermitted(asked: AskedImage, rules: ImageRules): void {
  const { image } = asked;
  if (image === undefined || isPermitted(asked, rules)) return;
  const advice = `Create the sandbox with another, such as {"image": "${rules.image}"}: its files stay. Or ask the operator to add this one to SANDBOX_DOCKER_IMAGES.`;
  throw notPermitted(image, rules, advice);
}

function notPermitted(image: string, { image: configured, imagePatterns }: ImageRules, advice: string): SandboxError {
  const permitted = [...new Set([configured, ...imagePatterns])].join(', ');
  return new SandboxError(
    'invalid',
    `Image ${image} is not permitted on this server, which gives ${permitted}. ${advice}`,
    { field: 'image' },
  );
}

/** The name as the engine reads it: with the tag that is meant where there is none, and by its digest alone where it has one. */
function toFullName(image: string): string {
  const repository = toRepository(image);
  const [name = '', digest] = repository.split('@');
  const hasTag = name.slice(name.lastIndexOf('/') + 1).includes(':');
  if (digest === undefined) return hasTag ? name : `${name}:latest`;
  return `${hasTag ? name.slice(0, name.lastIndexOf(':')) : name}@${digest}`;
}

/** Without the registry that a name without one means. */
function toRepository(image: string): string {
  return image.replace(/^(?:index\.)?docker\.io\//, '').replace(/^library\//, '');
}
