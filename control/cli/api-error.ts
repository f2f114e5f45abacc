/**
 * What an API server refused, in the user's words: a metav1.Status becomes a sentence and a next step.
 * Invariant: what is forbidden never reads like something that is not there.
 */
import { CliError } from "./cli-error.ts";
import { escapeControls } from "./colour.ts";
import type { ApiTarget } from "./kubeconfig-file.ts";

/** Why a request failed. */
export type ApiFailure =
  /** Nobody answered, or not in time, or the answer was cut off */
  | "unreachable"
  /** Its certificate is not of the kubeconfig's authority */
  | "untrusted"
  /** 401: it does not know us */
  | "unauthorized"
  /** 403: it knows us, and we may not; whether the object exists is not known */
  | "forbidden"
  /** 404 */
  | "not-found"
  /** 409: the object is there already, was changed meanwhile, or others own its fields */
  | "conflict"
  /** 410: that version is forgotten; list again */
  | "expired"
  /** 422: the object is wrong */
  | "invalid"
  /** Any other refusal */
  | "refused"
  /** It answered something that this version does not understand */
  | "unreadable";

/** One reason among several, mostly about one field. */
export interface ApiCause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** A request that failed; the message is for the user, its values have no control characters. */
export class ApiError extends CliError {
  static {
    Object.defineProperty(ApiError.prototype, "name", { value: "ApiError", configurable: true });
  }

  readonly failure: ApiFailure;
  /** HTTP status, 0 where there was no answer */
  readonly status: number;
  /** Kubernetes' word for the case, such as `AlreadyExists`; may be empty */
  readonly reason: string;
  /** The server's own sentence, control characters escaped; may be empty */
  readonly serverMessage: string;
  readonly causes: readonly ApiCause[];

  /** The message must be complete by itself. */
  constructor(
    failure: ApiFailure,
    message: string,
    options: {
      readonly status?: number;
      readonly reason?: string;
      readonly serverMessage?: string;
      readonly causes?: readonly ApiCause[];
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.failure = failure;
    this.status = options.status ?? 0;
    this.reason = options.reason ?? "";
    this.serverMessage = options.serverMessage ?? "";
    this.causes = options.causes ?? [];
  }
}

/** The error for an answer with a status of 400 or more; `body` is its JSON, or text that is none. */
export function refusalOf(status: number, body: unknown, target: ApiTarget): ApiError {
  const { message, reason, causes } = readStatus(body);
  const failure = failureOf(status);
  const said = message || `HTTP status ${status}`;
  return new ApiError(failure, sentenceOf(failure, said, { target, causes }), {
    status,
    reason,
    serverMessage: message,
    causes,
  });
}

/** The error for what was thrown instead of an answer. */
export function unreachableOf(error: unknown, target: ApiTarget): ApiError {
  if (error instanceof ApiError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const detail = escapeControls(error instanceof Error ? error.message : String(error));
  const place = `the API server at ${escapeControls(target.server)}`;
  if (isTrustCode(code)) {
    return new ApiError(
      "untrusted",
      [
        `Cannot trust ${place}: ${detail}`,
        `Its certificate does not fit ${escapeControls(target.file)}; see: clrk context list`,
      ].join("\n"),
      { cause: error },
    );
  }
  const said = code === "ECONNREFUSED" ? "nothing listens there" : detail;
  const next = target.isOwn
    ? "Start it: clrk dev -f DIR"
    : `Is context "${escapeControls(target.context)}" the right one? See all: clrk context list`;
  return new ApiError("unreachable", `Cannot reach ${place}: ${said}\n${next}`, { cause: error });
}

/** The error for an answer that is not what was asked for. */
export function unreadableOf(detail: string, target: ApiTarget, cause?: unknown): ApiError {
  return new ApiError(
    "unreadable",
    `Cannot understand the API server at ${escapeControls(target.server)}: ${escapeControls(detail)}\nIs it of another version? See: clrk version`,
    { cause },
  );
}

function failureOf(status: number): ApiFailure {
  switch (status) {
    case 401:
      return "unauthorized";
    case 403:
      return "forbidden";
    case 404:
      return "not-found";
    case 409:
      return "conflict";
    case 410:
      return "expired";
    case 422:
      return "invalid";
    default:
      return "refused";
  }
}

function sentenceOf(
  failure: ApiFailure,
  said: string,
  { target, causes }: { readonly target: ApiTarget; readonly causes: readonly ApiCause[] },
): string {
  const context = escapeControls(target.context);
  switch (failure) {
    case "unauthorized":
      return [
        `Not known to the API server at ${escapeControls(target.server)}: ${said}`,
        `The credentials of context "${context}" in ${escapeControls(target.file)} are not of this server; choose another: clrk context list`,
      ].join("\n");
    case "forbidden":
      return [
        `Not allowed: ${said}`,
        `Context "${context}" may not do this, whether it exists or not; choose another: clrk context list`,
      ].join("\n");
    case "invalid":
      return [`Refused as wrong: ${headOf(said, causes)}`, ...causes.map(describeCause)].join("\n");
    case "not-found":
      return describeAbsence(said);
    default:
      return `Refused by the API server: ${said}`;
  }
}

/** Kubernetes' sentence has kind and name; other ones stay as they are. */
function describeAbsence(said: string): string {
  const [, kind = "", name = ""] = /^([a-z][a-z0-9.]*) "(.*)" not found$/.exec(said) ?? [];
  if (kind === "") return `Not found: ${said}`;
  const plural = kind.split(".")[0] ?? "";
  return `Not found: there is no ${plural} "${name}"\nSee what there is: clrk get ${plural} -A`;
}

/** The server repeats all causes in its sentence; they follow on lines of their own. */
function headOf(said: string, causes: readonly ApiCause[]): string {
  const end = said.indexOf(": ");
  return causes.length > 0 && end > 0 ? said.slice(0, end) : said;
}

function describeCause({ field, message }: ApiCause): string {
  return field === "" ? `  ${message}` : `  ${field}: ${message}`;
}

function readStatus(body: unknown) {
  const status = mapOf(body);
  const details = mapOf(status["details"]);
  const causes = Array.isArray(details["causes"]) ? details["causes"] : [];
  return {
    message: textOf(status["message"]),
    reason: textOf(status["reason"]),
    causes: causes.map((cause: unknown) => {
      const { reason, message, field } = mapOf(cause);
      return { reason: textOf(reason), message: textOf(message), field: textOf(field) };
    }),
  };
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function textOf(value: unknown): string {
  return typeof value === "string" ? escapeControls(value) : "";
}

function isTrustCode(code: string): boolean {
  return (
    code.startsWith("ERR_TLS_CERT") ||
    /^(?:CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_CA|HOSTNAME_MISMATCH)/.test(code)
  );
}
