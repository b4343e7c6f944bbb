/** The persistent folder of a sandbox, where its programs start and relative paths begin. */
export const WORKSPACE = '/workspace';

/** The same folder under the name that models are told. */
export const HOME = '/home/user';

/** Where pip and npm install; persistent. */
export const PACKAGES = '/packages';
