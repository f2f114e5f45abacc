/** What the engine found out about one transaction, joined with Envoy's access log entry to make its record. */

import type { ObjectName } from "./snapshot-terms.ts";
import type { TraceIds } from "./trace-context.ts";

/** Tokens of one model call; null where the provider did not say. */
export interface TokenUsage {
  /** All input, cached tokens included */
  readonly inputTokens: number | null;
  /** All output, reasoning included */
  readonly outputTokens: number | null;
  /** Input that was read from the provider's cache */
  readonly cachedInputTokens: number | null;
  /** Input that was written to the provider's cache */
  readonly cacheWriteTokens: number | null;
  /** Output that was reasoning */
  readonly reasoningTokens: number | null;
}

/** One call of a model, in terms of the OpenTelemetry gen_ai conventions. */
export interface ModelCall {
  /** `chat`, `embeddings`, `text_completion`, … */
  readonly operation: string;
  /** Null when the request named none */
  readonly requestModel: string | null;
  readonly responseModel: string | null;
  readonly responseId: string | null;
  /** As the provider wrote them, one for each choice; empty when there were none */
  readonly finishReasons: readonly string[];
  /** The answer came as an event stream */
  readonly isStream: boolean;
  /** From the request's headers to the first event with content in `ms`; null for plain answers and where none came */
  readonly timeToFirstTokenMs: number | null;
  /** Null when the answer held none */
  readonly usage: TokenUsage | null;
}

/** Part of a body that is kept for the record. */
export interface CapturedBody {
  /** What was kept, decoded where it was compressed, secrets replaced; base64 */
  readonly base64: string;
  /** Bytes on the wire, kept or not */
  readonly bytes: number;
  /** Whether less than all was kept */
  readonly isTruncated: boolean;
  /** Coding that could not be undone; empty when there was none */
  readonly contentEncoding: string;
}

/** Headers and bodies that a LoggingPolicy or the gateway's captureBody asked for. */
export interface CapturedExchange {
  /** Redacted */
  readonly requestHeaders: readonly (readonly [name: string, value: string])[];
  readonly requestBody: CapturedBody | null;
  readonly responseHeaders: readonly (readonly [name: string, value: string])[];
  readonly responseBody: CapturedBody | null;
}

/** Who served a model call or a request to an MCP server, where the engine chose it. */
export interface CallRouting {
  /** Null: the host that the agent asked for */
  readonly backend: { readonly namespace: string; readonly name: string } | null;
  /** Canonical name of the provider whose API answered; empty where it is an MCP server */
  readonly provider: string;
  /** Model that the backend was asked for; null when the request named none */
  readonly model: string | null;
  /** Names of the dialects that the call was translated from and to; null: it was not */
  readonly translation: { readonly from: string; readonly to: string } | null;
  /** Features of the request that were left out, because the backend's dialect has no words for them */
  readonly dropped: readonly string[];
}

/** One message of a request to an MCP server. */
export interface McpMessageFacts {
  /** JSON-RPC method; empty for an answer to the server */
  readonly method: string;
  /** What it names; null where it names nothing */
  readonly subject: "tool" | "resource" | "prompt" | null;
  /** Name of the tool or prompt, or URI of the resource, cut after 256 characters */
  readonly name: string | null;
  readonly outcome: "allowed" | "denied";
  /** Absent where the answer was not seen, or says nothing of it */
  readonly result?: McpResult;
  /** Absent where nobody was asked */
  readonly confirmation?: McpConfirmed;
  /** Index of the rule that decided; null where none did */
  readonly rule: number | null;
}

/** What became of the question whether a call may go on. */
export interface McpConfirmed {
  /** `withdrawn`: the agent waited for it no more */
  readonly outcome: "approved" | "denied" | "timeout" | "withdrawn";
  /** Who decided; null where nobody did */
  readonly by: "webhook" | "cli" | null;
}

/** What the server answered. */
export interface McpResult {
  /** `tool-error`: a result that says of itself that it is an error; `rpc-error`: an error of JSON-RPC */
  readonly outcome: "ok" | "tool-error" | "rpc-error";
  /** Of an `rpc-error`, where it has one */
  readonly code: number | null;
}

/** What was said to an MCP server. */
export interface McpFacts {
  /** `a2a`: methods that only that protocol has */
  readonly protocol: "mcp" | "a2a";
  /** As the request says it; null when it says none */
  readonly revision: string | null;
  /** One, or those of a batch: the first 16 */
  readonly messages: readonly McpMessageFacts[];
}

/** One attempt at a backend of a rule that falls back. */
export interface Attempt {
  /** Null when nobody knows any more whose it was */
  readonly backend: { readonly namespace: string; readonly name: string } | null;
  /** Unix `ms` */
  readonly startUnixMs: number;
  readonly durationMs: number;
  /** 0 when no response came */
  readonly status: number;
  /** Envoy's response flags, such as `UF` for a failed connection; empty when there is nothing to say */
  readonly reason: string;
}

/** What a call under a budget was charged. */
export interface CallCharge {
  /** Input and output */
  readonly tokens: number;
  /** Null where no price of the model is known */
  readonly microDollars: number | null;
  /** The provider told no count, or not all of it */
  readonly isEstimated: boolean;
}

/** A refusal by the engine, as the agent was told. */
export interface EngineDenial {
  /** Stable word, see `DenyReason` */
  readonly reason: string;
  readonly message: string;
}

/** A refusal by the engine that audit mode only records; `rule` is the index within the route's rules. */
export interface AuditedDenial extends EngineDenial {
  readonly route: ObjectName & { readonly rule: number };
}

/** Everything the engine adds to one record. Plain data: it crosses threads. */
export interface CallFacts {
  /** Joins the facts with the access log entry: dynamic metadata `clrk:id` */
  readonly id: string;
  /** Its thread was lost, and all else with it but the charge */
  readonly isLost?: true;
  /** Ids that the upstream was told */
  readonly trace: TraceIds | null;
  readonly model: ModelCall | null;
  readonly capture: CapturedExchange | null;
  readonly denial: EngineDenial | null;
  /** Absent where nothing would have been refused, or something was */
  readonly wouldDeny?: AuditedDenial;
  /** Null where nothing was chosen: the request went the way that its path says, as it was */
  readonly routing: CallRouting | null;
  /** Absent where nothing was judged as MCP */
  readonly mcp?: McpFacts;
  /** Absent where no budget counts the call */
  readonly charge?: CallCharge;
  /** Attempts in their order, as Envoy logged them; absent where there is only one way */
  readonly attempts?: readonly Attempt[];
  /** Path and query as the agent sent them, redacted; null where nothing changed them on the way */
  readonly target: { readonly path: string; readonly query: string } | null;
  /** Messages of response bodies */
  readonly responseChunks: number;
}
