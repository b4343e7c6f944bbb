/** Where the certificates are that programs believe once a sandbox has secrets; a folder of the server's, read-only. */
export const CERTIFICATE_FOLDER = '/run/clara-certificates';

/** The certificates that the image's programs believe, and the server's own. */
export const CERTIFICATE_FILE = 'ca.pem';

/** By which programs find certificates to believe: OpenSSL with Python and httpx, requests, curl, git, pip, Node. */
const CERTIFICATE_VARIABLES = [
  'SSL_CERT_FILE',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'PIP_CERT',
  'NODE_EXTRA_CA_CERTS',
] as const;

const CERTIFICATE_ENVIRONMENT: Readonly<Record<string, string>> = Object.fromEntries(
  CERTIFICATE_VARIABLES.map((name) => [name, `${CERTIFICATE_FOLDER}/${CERTIFICATE_FILE}`]),
);

/** Names by which programs find certificates, the way out, or what they run: none of them may be a placeholder. */
const RESERVED =
  /^(?:PATH|HOME|NODE_OPTIONS|NODE_USE_ENV_PROXY|LD_.*|PYTHON.*|(?:https?|all|no)_proxy|socks5?_server)$/i;

/** True for a name that no secret may have. */
export function isReserved(name: string): boolean {
  return RESERVED.test(name) || CERTIFICATE_VARIABLES.some((variable) => variable === name);
}

interface Environment {
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: readonly { readonly name: string; readonly placeholder: string }[];
}

/** What programs of a sandbox with secrets get in their environment. */
export function environmentOf({ env, secrets }: Environment): Readonly<Record<string, string>> {
  const placeholders = Object.fromEntries(secrets.map(({ name, placeholder }) => [name, placeholder]));
  return { ...CERTIFICATE_ENVIRONMENT, ...env, ...placeholders };
}
