/**
 * What the parent asks of a load client process and what it hands back: plain data, sent as JSON
 * over IPC. Types and their guards only.
 */
import type { HistogramExport } from "./histogram.ts";
import type { PlainWorkload } from "./plain-workload.ts";
import type { ReplayWorkload } from "./replay-workload.ts";

/** How a client reaches the upstream. */
export type ProxyMode = "connect" | "transparent" | "direct";

/** Address of a proxy (or of the upstream itself in `direct` mode) and how to speak to it. */
export interface Target {
  readonly mode: ProxyMode;
  readonly host: string;
  readonly port: number;
  /** Value of `proxy-authorization` on CONNECT */
  readonly authorization?: string;
  /** Authority that signs what the client is shown; verified on every handshake */
  readonly caPem: string;
}

/** One request, repeated. */
export interface RequestShape {
  readonly method: string;
  readonly path: string;
  /** Extra header fields, complete lines without CRLF */
  readonly headers: readonly string[];
  /** Size of the JSON body in `bytes` */
  readonly bodyBytes: number;
}

/** Server names that a client asks for: `names[i % names.length]`. */
export interface KeepAliveWorkload {
  readonly kind: "keepalive";
  readonly target: Target;
  readonly request: RequestShape;
  readonly serverNames: readonly string[];
  /** Connections kept open, one request in flight on each */
  readonly connections: number;
  /** Unmeasured time before the client says that it is ready, in `ms` */
  readonly warmUpMs: number;
  /** End of the measured run: whichever is given and comes first */
  readonly durationMs?: number;
  readonly requests?: number;
}

/** Every request on a new connection for a name of its own: `<prefix><number>.<domain>`. */
export interface ColdWorkload {
  readonly kind: "cold";
  readonly target: Target;
  readonly request: RequestShape;
  readonly domain: string;
  readonly prefix: string;
  /** Names asked for while measuring */
  readonly names: number;
  /** Names asked for before, unmeasured */
  readonly warmUpNames: number;
  /** Connections being opened at a time */
  readonly connections: number;
}

/** Work that goes through a proxy over TLS. */
export type TunnelWorkload = KeepAliveWorkload | ColdWorkload;

/** What one load client is told to do. */
export type Workload = TunnelWorkload | PlainWorkload | ReplayWorkload;

/** A workload that is not directed at anything yet. */
export type WorkloadPlan = Omit<KeepAliveWorkload, "target"> | Omit<ColdWorkload, "target">;

/** Why a request did not get its answer. */
export type FailureKind =
  | "connect"
  | "proxy-status"
  | "tls"
  | "status"
  | "closed"
  | "timeout"
  | "protocol";

/** Result of one measured run of one client process. */
export interface LoadResult {
  /** Requests answered 200 */
  readonly requests: number;
  /** Requests or connections that failed, by kind; absent kinds did not occur */
  readonly failures: Readonly<Partial<Record<FailureKind, number>>>;
  /** Text of the first failure of the run, without anything secret */
  readonly firstFailure?: string;
  /** From the start to the last answer, in `ms` */
  readonly elapsedMs: number;
  /** The client's own CPU time, in `µs` */
  readonly cpuMicros: number;
  /** Latency of answered requests in `µs`; cold: from the connect on */
  readonly latency: HistogramExport;
}

/** Parent to client. */
export type ClientCommand =
  | { readonly kind: "prepare"; readonly workload: Workload }
  | { readonly kind: "go" };

/** Client to parent. */
export type ClientReport =
  | { readonly kind: "ready" }
  | { readonly kind: "done"; readonly result: LoadResult }
  | { readonly kind: "error"; readonly message: string };

/** Whether an IPC message is a command; both ends are this program, so the kind is enough. */
export function isClientCommand(message: unknown): message is ClientCommand {
  return hasKind(message, ["prepare", "go"]);
}

/** Whether an IPC message is a report. */
export function isClientReport(message: unknown): message is ClientReport {
  return hasKind(message, ["ready", "done", "error"]);
}

/** Every server name that a workload asks for, warm-up included. */
export function serverNamesOf(plan: WorkloadPlan): string[] {
  if (plan.kind === "keepalive") return [...plan.serverNames];
  const count = plan.warmUpNames + plan.names;
  return Array.from({ length: count }, (_, index) => coldServerName(plan, index));
}

/** Name number `index` of a cold workload; the warm-up takes the first ones. */
export function coldServerName(
  plan: Pick<ColdWorkload, "domain" | "prefix">,
  index: number,
): string {
  return `${plan.prefix}${index}.${plan.domain}`;
}

/** Bytes of one request to `serverName`; the same for every repetition. */
export function encodeRequest(shape: RequestShape, serverName: string): Buffer {
  const open = '{"model":"bench","prompt":"';
  const body = `${open.padEnd(Math.max(shape.bodyBytes - 2, open.length), "x")}"}`;
  return Buffer.from(
    [
      `${shape.method} ${shape.path} HTTP/1.1`,
      `host: ${serverName}`,
      "content-type: application/json",
      ...shape.headers,
      ...(shape.bodyBytes > 0 ? [`content-length: ${body.length}`] : []),
      "",
      shape.bodyBytes > 0 ? body : "",
    ].join("\r\n"),
  );
}

function hasKind(message: unknown, kinds: readonly string[]): boolean {
  return (
    typeof message === "object" &&
    message !== null &&
    "kind" in message &&
    typeof message.kind === "string" &&
    kinds.includes(message.kind)
  );
}
