/**
 * Refusals in the shape and words of Kubernetes (metav1.Status): what kubectl prints and client libraries match by
 * `reason`. No message holds a value of a Secret.
 */

/** One reason among several, mostly about one field. */
export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  /** Path such as `spec.rules[0].matches` */
  readonly field?: string;
}

/** What the refusal is about. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  /** Plural of the resource, or the kind for an invalid object */
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** Names a resource in a refusal. */
export interface ResourceName {
  readonly group: string;
  readonly plural: string;
}

/** A request that is refused; thrown by handlers, sent as metav1.Status. */
export class StatusError extends Error {
  static {
    Object.defineProperty(StatusError.prototype, "name", { value: "StatusError" });
  }

  /** HTTP status */
  readonly code: number;
  /** Kubernetes' word for the case, such as `NotFound` */
  readonly reason: string;
  readonly details: StatusDetails | undefined;

  /** The message goes to the caller. */
  constructor(options: {
    readonly code: number;
    readonly reason: string;
    readonly message: string;
    readonly details?: StatusDetails;
  }) {
    super(options.message);
    this.code = options.code;
    this.reason = options.reason;
    this.details = options.details;
  }
}

/** The metav1.Status of a refusal. */
export function statusOf(error: StatusError): object {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: error.message,
    ...(error.reason !== "" && { reason: error.reason }),
    ...(error.details !== undefined && { details: error.details }),
    code: error.code,
  };
}

/** `backends.clrk.apoxy.dev`, or only the plural for the core group. */
export function formatResource({ group, plural }: ResourceName): string {
  return group === "" ? plural : `${plural}.${group}`;
}

/** Messages are Kubernetes' own sentences, which begin small. */
function refuse(options: ConstructorParameters<typeof StatusError>[0]): StatusError {
  return new StatusError(options);
}

function detailsOf({ group, plural }: ResourceName, name: string): StatusDetails {
  return { ...(name !== "" && { name }), ...(group !== "" && { group }), kind: plural };
}

/** The object does not exist. */
export function notFound(resource: ResourceName, name: string): StatusError {
  return refuse({
    code: 404,
    reason: "NotFound",
    message: `${formatResource(resource)} ${JSON.stringify(name)} not found`,
    details: detailsOf(resource, name),
  });
}

/** The path leads nowhere. */
export function noSuchResource(): StatusError {
  return refuse({
    code: 404,
    reason: "NotFound",
    message: "the server could not find the requested resource",
    details: {},
  });
}

/** An object of that name is there. */
export function alreadyExists(resource: ResourceName, name: string): StatusError {
  return refuse({
    code: 409,
    reason: "AlreadyExists",
    message: `${formatResource(resource)} ${JSON.stringify(name)} already exists`,
    details: detailsOf(resource, name),
  });
}

/** The object is another than the caller has seen. */
export function conflict(resource: ResourceName, name: string, detail: string): StatusError {
  return refuse({
    code: 409,
    reason: "Conflict",
    message: `Operation cannot be fulfilled on ${formatResource(resource)} ${JSON.stringify(name)}: ${detail}`,
    details: detailsOf(resource, name),
  });
}

/** Kubernetes' words for a resourceVersion that is no longer the newest. */
export const modifiedText =
  "the object has been modified; please apply your changes to the latest version and try again";

/** Fields of an object are wrong; `causes` has one entry for each. */
export function invalid(
  about: { readonly group: string; readonly kind: string; readonly name: string },
  causes: readonly StatusCause[],
): StatusError {
  const { group, kind, name } = about;
  const title = group === "" ? kind : `${kind}.${group}`;
  const texts = causes.map(({ field, message }) =>
    field === undefined || field === "" ? message : `${field}: ${message}`,
  );
  const list = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  return refuse({
    code: 422,
    reason: "Invalid",
    message: `${title} ${JSON.stringify(name)} is invalid: ${list}`,
    details: { name, ...(group !== "" && { group }), kind, causes },
  });
}

/** The caller is known and may not, or nobody may. */
export function forbidden(
  resource: ResourceName,
  name: string,
  detail: string,
  causes?: readonly StatusCause[],
): StatusError {
  const about = name === "" ? "" : ` ${JSON.stringify(name)}`;
  return refuse({
    code: 403,
    reason: "Forbidden",
    message: `${formatResource(resource)}${about} is forbidden: ${detail}`,
    details: { ...detailsOf(resource, name), ...(causes !== undefined && { causes }) },
  });
}

/** The request cannot be understood. */
export function badRequest(message: string): StatusError {
  return refuse({ code: 400, reason: "BadRequest", message });
}

/** Nobody knows the caller. */
export function unauthorized(): StatusError {
  return refuse({ code: 401, reason: "Unauthorized", message: "Unauthorized" });
}

/** The resource cannot do that. */
export function methodNotAllowed(): StatusError {
  return refuse({
    code: 405,
    reason: "MethodNotAllowed",
    message: "the server does not allow this method on the requested resource",
  });
}

/** None of the media types that the caller reads is served. */
export function notAcceptable(offered: readonly string[]): StatusError {
  return refuse({
    code: 406,
    reason: "NotAcceptable",
    message: `only the following media types are accepted: ${offered.join(", ")}`,
  });
}

/** The body is of a media type that is not read here. */
export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  return refuse({
    code: 415,
    reason: "UnsupportedMediaType",
    message: `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`,
  });
}

/** The state that was asked for is compacted. */
export function expired(message: string): StatusError {
  return refuse({ code: 410, reason: "Expired", message });
}

/** The body has more bytes than are read. */
export function tooLarge(limitBytes: number): StatusError {
  return refuse({
    code: 413,
    reason: "RequestEntityTooLarge",
    message: `Request entity too large: limit is ${limitBytes}`,
  });
}

/** More than is served at once. */
export function tooManyRequests(message: string): StatusError {
  return refuse({
    code: 429,
    reason: "TooManyRequests",
    message,
    details: { retryAfterSeconds: 1 },
  });
}

/** A revision that this store has not reached: it was put back, or the caller means another server. */
export function revisionTooLarge(wanted: number, current: number): StatusError {
  return refuse({
    code: 504,
    reason: "Timeout",
    message: `Timeout: Too large resource version: ${wanted}, current: ${current}`,
    details: {
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
      retryAfterSeconds: 1,
    },
  });
}

/** A part of the server that does not work now; the others do. */
export function serviceUnavailable(message: string): StatusError {
  return refuse({
    code: 503,
    reason: "ServiceUnavailable",
    message,
    details: { retryAfterSeconds: 1 },
  });
}

/** A failure of our own; the text says nothing internal. */
export function internalError(detail: string): StatusError {
  return refuse({
    code: 500,
    reason: "InternalError",
    message: `Internal error occurred: ${detail}`,
    details: { causes: [{ reason: "", message: detail }] },
  });
}

/** The disk does not take what was to be written. */
export function storageFull(): StatusError {
  return refuse({
    code: 507,
    reason: "InsufficientStorage",
    message: "The object was not stored: the disk or the store is full; free space and try again",
  });
}
