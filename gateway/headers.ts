/**
 * Header names that are a wire contract, and the headers whose values never enter telemetry.
 * All names are lower-case; a test pins the strings. Every inbound `x-clrk-*` header is stripped before any decision.
 */
import { CREDENTIAL_HEADERS } from "../crds/credential-headers.ts";

/** Prefix of all headers of ours; what an agent sends under it is never trusted. */
export const CLRK_HEADER_PREFIX = "x-clrk-";

/** Names of the headers that processes of ours give each other and their callers. */
export const CLRK_HEADERS = {
  /** TaskAgent to dispatch to, `namespace/name` */
  taskAgent: "x-clrk-taskagent",
  /** What started an invocation: `http`, `cron` or `cli` */
  trigger: "x-clrk-trigger",
  /** Invocation id; honoured only when it is a canonical lower-case UUID */
  invocationId: "x-clrk-invocation-id",
  /** Name of the AgentSandboxRevision that a worker is to run */
  revision: "x-clrk-revision",
  /** Time in `ms` after which the dispatcher ends a call that it gave to a worker */
  timeoutMs: "x-clrk-timeout-ms",
  /** On a worker's response: why it did not take the call, in one word; nothing of the call was run */
  refusal: "x-clrk-refusal",
  /** Caller's idempotency key */
  executionId: "x-clrk-execution-id",
  /** Exit code of the agent, on a response */
  exitCode: "x-clrk-exit-code",
  /** Address of the picked worker */
  workerEndpoint: "x-clrk-worker-endpoint",
  /** Paging token of the read API, on a response */
  continue: "x-clrk-continue",
  /** Key of the rule that a request is pinned to */
  llmRule: "x-clrk-llm-rule",
  /** Role of an ext_proc stream, in its initial metadata: a value of `ENGINE_ROLE` */
  extprocRole: "x-clrk-extproc-role",
  /** Id of the plan that an ext_proc stream is to be decided by, in its initial metadata */
  plan: "x-clrk-plan",
  /** Caller as the connection proves it, as a JSON string, in the initial metadata of an ext_proc stream */
  caller: "x-clrk-caller",
  /** What an attempt needs to know of the request as the agent sent it, in the initial metadata of an ext_proc stream */
  call: "x-clrk-call",
  /** Address that an attempt goes to, in the initial metadata of an ext_proc stream */
  upstreamAddress: "x-clrk-upstream",
  /** Cluster that answered, on a response as the engine sees it; never on one that the agent gets */
  served: "x-clrk-served",
  /** On a response of the gateway itself: no byte of the request reached an upstream */
  unsent: "x-clrk-unsent",
  /** Reason of a denial, on the response that the agent gets */
  denyReason: "x-clrk-deny-reason",
} as const;

/**
 * What an ext_proc stream is about: a whole transaction, one attempt at an upstream, or what is written over between the
 * two.
 */
export const ENGINE_ROLE = {
  downstream: "downstream",
  upstream: "upstream",
  swap: "swap",
  ceiling: "ceiling",
} as const;

/** Names of texts that Envoy and the engine tell each other about a new raw connection. */
export const CONNECTION_KEY = {
  /** Id of the plan by which it is decided about */
  plan: "plan",
  /** Caller as the connection proves it */
  caller: "caller",
  /** In the answer: why it is refused, in the form of response code details */
  refusal: "refusal",
} as const;

/** Headers whose values are always shown as `[redacted]`: what authenticates a caller somewhere. Lower-case. */
export const REDACTED_HEADERS: ReadonlySet<string> = CREDENTIAL_HEADERS;

/** Whether the header is one of ours and must be stripped from what an agent sends; any case. */
export function isClrkHeader(name: string): boolean {
  return name.slice(0, CLRK_HEADER_PREFIX.length).toLowerCase() === CLRK_HEADER_PREFIX;
}
