/** The version of envd whose features the server has; clients turn theirs on by it. */
export const ENVD_VERSION = '0.6.4';
