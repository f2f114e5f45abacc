/**
 * The closed vocabulary of errors: one class, one table from code to HTTP and gRPC status.
 * Expected outcomes are values; a `ClrkError` is thrown for broken input from a peer or a failure of our own.
 */

interface ErrorRow {
  /** HTTP status, RFC 9110 or the registered extension (499 is nginx's "client closed request") */
  readonly status: number;
  /** gRPC status number (https://grpc.io/docs/guides/status-codes/) */
  readonly grpcStatus: number;
  /** Sentence that may be shown to a caller who must learn nothing else */
  readonly text: string;
}

/** Every error code with its statuses and the sentence that is safe for any caller. */
export const ERROR_CODES = {
  CLRK_INVALID_ARGUMENT: { status: 400, grpcStatus: 3, text: "The request is not valid" },
  CLRK_MALFORMED_MESSAGE: { status: 400, grpcStatus: 3, text: "The message cannot be read" },
  CLRK_UNAUTHENTICATED: { status: 401, grpcStatus: 16, text: "The caller is not known" },
  CLRK_DENIED: { status: 403, grpcStatus: 7, text: "Policy denies the request" },
  CLRK_NOT_FOUND: { status: 404, grpcStatus: 5, text: "The object does not exist" },
  CLRK_PROXY_UNAUTHENTICATED: { status: 407, grpcStatus: 16, text: "The agent is not known" },
  CLRK_ALREADY_EXISTS: { status: 409, grpcStatus: 6, text: "The object exists already" },
  CLRK_CONFLICT: { status: 409, grpcStatus: 10, text: "The object was changed meanwhile" },
  CLRK_PRECONDITION_FAILED: { status: 412, grpcStatus: 9, text: "The state does not allow this" },
  CLRK_TOO_LARGE: { status: 413, grpcStatus: 8, text: "The message is too large" },
  CLRK_INVALID_OBJECT: { status: 422, grpcStatus: 3, text: "The object is not valid" },
  CLRK_LIMIT_EXCEEDED: { status: 429, grpcStatus: 8, text: "A limit is reached" },
  CLRK_ABORTED: { status: 499, grpcStatus: 1, text: "The caller went away" },
  CLRK_INTERNAL: { status: 500, grpcStatus: 13, text: "The gateway failed" },
  CLRK_ENVOY_UNSUITABLE: { status: 500, grpcStatus: 9, text: "The Envoy binary does not suit" },
  CLRK_SNAPSHOT_REJECTED: { status: 500, grpcStatus: 9, text: "Envoy rejected its configuration" },
  CLRK_UNSUPPORTED: { status: 501, grpcStatus: 12, text: "The operation is not supported" },
  CLRK_UPSTREAM_FAILED: { status: 502, grpcStatus: 14, text: "The upstream failed" },
  CLRK_UNAVAILABLE: { status: 503, grpcStatus: 14, text: "The gateway cannot answer now" },
  CLRK_CLOSED: { status: 503, grpcStatus: 14, text: "The gateway is closing" },
  CLRK_ENVOY_NOT_FOUND: { status: 503, grpcStatus: 14, text: "No Envoy binary is there" },
  CLRK_ENVOY_EXITED: { status: 503, grpcStatus: 14, text: "Envoy is not running" },
  CLRK_SECRET_UNRESOLVED: { status: 503, grpcStatus: 9, text: "A credential is not available" },
  CLRK_TIMEOUT: { status: 504, grpcStatus: 4, text: "The deadline has passed" },
  CLRK_STORAGE_FAILED: { status: 507, grpcStatus: 8, text: "The gateway cannot store data" },
} as const satisfies Record<`CLRK_${string}`, ErrorRow>;

/** A stable name to match errors by; the message is for people and may change. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** What a `ClrkError` may be given besides code and message. */
export interface ClrkErrorOptions {
  /** The error that led to this one; kept, never put into the message */
  readonly cause?: unknown;
  /** Text that the caller may read; default the table's sentence, which tells nothing about the case */
  readonly expose?: string;
  /** HTTP status, where the case has a better one than the table */
  readonly status?: number;
}

/** An error with a stable code; `message` is for the operator, `expose` for the caller. */
export class ClrkError extends Error {
  static {
    // On the prototype: as a field it would be an own, enumerable key of every error.
    Object.defineProperty(ClrkError.prototype, "name", { value: "ClrkError", configurable: true });
  }

  /** Stable name of the failure */
  readonly code: ErrorCode;
  /** HTTP status */
  readonly status: number;
  /** gRPC status number */
  readonly grpcStatus: number;
  /** Text that may be sent to the caller; holds no secret and nothing internal */
  readonly expose: string;

  /** The message follows the house style: `Cannot mint leaf for "a..b": empty label at position 2`. */
  constructor(code: ErrorCode, message: string, options: ClrkErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    const row = ERROR_CODES[code];
    this.code = code;
    this.status = options.status ?? row.status;
    this.grpcStatus = row.grpcStatus;
    this.expose = options.expose ?? row.text;
  }
}

/** Whether the text is one of the known error codes. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CODES, text);
}

/** The value itself when it is a `ClrkError`, else a CLRK_INTERNAL one that has it as cause and exposes nothing of it. */
export function toClrkError(thrown: unknown): ClrkError {
  if (thrown instanceof ClrkError) return thrown;
  return new ClrkError("CLRK_INTERNAL", describeError(thrown), { cause: thrown });
}

/** One line about anything that was thrown, for logs: message and, where there is one, the system's code. */
export function describeError(thrown: unknown): string {
  if (!(thrown instanceof Error))
    return typeof thrown === "string" ? thrown : `Not an Error: ${typeof thrown}`;
  const code = errorCodeOf(thrown);
  const text = thrown.message || thrown.name;
  return code === undefined || text.includes(code) ? text : `${text} (${code})`;
}

/** The `code` that Node and system errors carry (`ENOSPC`, `ECONNREFUSED`), looked for in the causes too. */
export function errorCodeOf(thrown: unknown): string | undefined {
  let current: unknown = thrown;
  for (let depth = 0; depth < 4 && current instanceof Error; depth++) {
    if ("code" in current && typeof current.code === "string") return current.code;
    current = current.cause;
  }
  return undefined;
}
