/** What MCP clients are told: JSON-RPC errors with the id of what they asked, and HTTP statuses where there is none. */

import type { DenyReason } from "../snapshot-terms.ts";

/** Codes of errors; ours lie where implementations define their own, below those that MCP reserves from -32020 on. */
export const MCP_ERROR = {
  parseError: -32_700,
  invalidRequest: -32_600,
  headerMismatch: -32_020,
  denied: -32_013,
  limited: -32_014,
} as const;

/** A refusal, ready for Envoy. */
export interface McpRefusal {
  readonly status: number;
  readonly reason: DenyReason;
  /** For the record */
  readonly message: string;
  /** JSON */
  readonly body: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** One error of an answer. */
export interface McpError {
  /** JSON text; null where the message has none or it could not be read */
  readonly id: string | null;
  readonly code: number;
  readonly message: string;
  readonly reason: DenyReason;
}

/** For who reads no answers: JSON-RPC errors come with 200 otherwise. */
const statuses: Partial<Record<DenyReason, number>> = {
  "rate-limited": 429,
  "limit-unavailable": 503,
};

/** The JSON of an error. Without an id it has none, as MCP wants it and JSON-RPC's `null` is not. */
export function errorJson({ id, code, message, reason }: McpError): string {
  const error = JSON.stringify({ code, message, data: { reason } });
  const told = id === null ? "" : `"id":${id},`;
  return `{"jsonrpc":"2.0",${told}"error":${error}}`;
}

/** A refusal of a request as a whole, whatever it holds. */
export function refuseWhole(
  status: number,
  error: Omit<McpError, "id"> & { readonly id?: string | null },
): McpRefusal {
  const { id = null, message, reason } = error;
  return { status, reason, message, body: errorJson({ ...error, id }), headers: [] };
}

/**
 * The refusal of a body by the errors of its requests. Clients of Streamable HTTP raise an error of a 200 answer to its
 * caller; those before it (2024-11-05) do not read answers to POST, and raise statuses alone.
 */
export function refuseMessages(
  errors: readonly McpError[],
  {
    isBatch,
    readsAnswers,
    first,
    headers = [],
  }: {
    readonly isBatch: boolean;
    readonly readsAnswers: boolean;
    /** For the record, and for what has no id */
    readonly first: Omit<McpError, "id">;
    readonly headers?: McpRefusal["headers"];
  },
): McpRefusal {
  const { reason, message } = first;
  const answered = errors.filter(({ id }) => id !== null);
  if (answered.length === 0) return { ...refuseWhole(403, first), headers };
  const texts = answered.map(errorJson);
  const body = isBatch ? `[${texts.join(",")}]` : (texts[0] ?? "");
  const status = readsAnswers ? 200 : (statuses[reason] ?? 403);
  return { status, reason, message, body, headers };
}
