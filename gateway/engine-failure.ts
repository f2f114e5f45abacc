/**
 * How Envoy tells that the engine did not do its part. Its filter closes the transaction then, whatever the phase: what
 * differs is whether the upstream had been asked by that time, which only the access log knows.
 */

/** An engine that did not do its part, as a reason and a sentence. */
export interface EngineFailure {
  readonly reason: "engine-unavailable" | "engine-failed";
  readonly message: string;
}

/**
 * How Envoy's response code details begin when its ext_proc filter gave up. Seen of Envoy 1.40: the first for a stream
 * that was refused, reset, ended with a status or late (`ext_proc_error_gRPC_error_14{…}`,
 * `ext_proc_error_per-message_timeout_exceeded`), the others for answers that it cannot follow.
 */
export const engineFailureDetails: readonly string[] = [
  "ext_proc_error",
  "spurious_message",
  "unhandled_message",
  "unhandled_immediate_response",
  "header_mutation_",
  "mismatch_between_content_length",
  "streaming_local_response_body",
];

/** Nothing was forwarded: the agent may simply try again. */
const engineUnavailable: EngineFailure = {
  reason: "engine-unavailable",
  message: "the gateway's engine, which this request has to pass, did not answer",
};

/** Wherever the engine stopped: with an upstream at hand nobody can say any more that nothing was forwarded. */
const engineFailed: EngineFailure = {
  reason: "engine-failed",
  message:
    "the gateway's engine failed when an upstream had been dialled: the request may have arrived there, and its answer is missing or cut",
};

/** The failure that the details tell of, or undefined; `isForwarded` says that an upstream was dialled. */
export function findEngineFailure(
  details: string,
  { isForwarded }: { readonly isForwarded: boolean },
): EngineFailure | undefined {
  if (!engineFailureDetails.some((beginning) => details.startsWith(beginning))) return undefined;
  return isForwarded ? engineFailed : engineUnavailable;
}

const refusalForm = /^clrk_denied\{([a-z][a-z-]{0,63})\}$/;

/** The reason in response code details with which the engine itself refused; undefined for any others. */
export function tryParseEngineRefusal(details: string): string | undefined {
  return refusalForm.exec(details)?.[1];
}
