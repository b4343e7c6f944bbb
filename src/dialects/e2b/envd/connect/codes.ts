/** The codes of Connect's errors with the HTTP status of a unary answer. Connect protocol, section "Error codes". */
export const STATUS = {
  canceled: 499,
  unknown: 500,
  invalid_argument: 400,
  deadline_exceeded: 504,
  not_found: 404,
  already_exists: 409,
  permission_denied: 403,
  resource_exhausted: 429,
  failed_precondition: 400,
  aborted: 409,
  out_of_range: 400,
  unimplemented: 501,
  internal: 500,
  unavailable: 503,
  data_loss: 500,
  unauthenticated: 401,
} as const;

/** The code of an error of the Connect protocol. */
export type ConnectCode = keyof typeof STATUS;
