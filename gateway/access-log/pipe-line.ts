/**
 * One line of the access log pipe as a transaction. A line is read whole or not at all: one with another number of
 * fields, an unknown listener or a number that is none is refused.
 */

import { fieldSeparator, lineFields } from "../xds.ts";
import type { LineField } from "../xds.ts";
import { sortedFlags } from "./entry-values.ts";
import type { HttpTransaction } from "./http-transaction.ts";

/** Reads a line without its end; undefined when it is not one of ours. */
export function tryParsePipeLine(line: string): HttpTransaction | undefined {
  const fields = line.split(fieldSeparator);
  if (fields.length !== lineFields.length) return undefined;
  const listener = fields[at.listener];
  const scheme = fields[at.scheme];
  if (listener !== "explicit" && listener !== "transparent") return undefined;
  if (scheme !== "http" && scheme !== "https") return undefined;
  const text = (index: number) => present(fields[index]);
  const startUnixNs = text(at.start);
  const transaction = {
    listener,
    startUnixNs,
    startUnixMs: Number(startUnixNs.slice(0, -6) || "x"),
    durationMs: sinceStart(text(at.responseEnd)) ?? Number(text(at.duration)),
    requestMs: sinceStart(text(at.requestEnd)),
    firstByteMs: sinceStart(text(at.firstByte)),
    clientAddress: socketAddress(text(at.client)),
    scheme,
    protocol: text(at.protocol),
    method: text(at.method),
    authority: text(at.authority),
    target: text(at.target),
    userAgent: fields[at.userAgent] ?? "",
    traceparent: text(at.traceparent),
    agreedHost: text(at.agreedHost),
    dialledPort: Number(text(at.port)),
    requestBytes: Number(text(at.requestBytes)),
    status: Number(text(at.status)),
    responseBytes: Number(text(at.responseBytes)),
    flags: flagsOf(text(at.flags)),
    details: text(at.details),
    upstreamAddress: socketAddress(text(at.upstream)),
    cluster: text(at.cluster),
    route: text(at.route),
    caller: text(at.caller),
  } as const satisfies HttpTransaction;
  return hasNumbers(transaction) ? transaction : undefined;
}

/** Positions of the fields. */
const at = {
  listener: position("listener"),
  scheme: position("scheme"),
  start: position("start"),
  responseEnd: position("responseEnd"),
  duration: position("duration"),
  requestEnd: position("requestEnd"),
  firstByte: position("firstByte"),
  client: position("client"),
  protocol: position("protocol"),
  method: position("method"),
  authority: position("authority"),
  target: position("target"),
  userAgent: position("userAgent"),
  traceparent: position("traceparent"),
  agreedHost: position("agreedHost"),
  port: position("port"),
  requestBytes: position("requestBytes"),
  status: position("status"),
  responseBytes: position("responseBytes"),
  flags: position("flags"),
  details: position("details"),
  upstream: position("upstream"),
  cluster: position("cluster"),
  route: position("route"),
  caller: position("caller"),
} as const satisfies Record<LineField, number>;

function position(field: LineField): number {
  return lineFields.indexOf(field);
}

/** Some of Envoy's formats print `-` for what is absent, whatever the format's options. */
function present(text: string | undefined): string {
  return text === undefined || text === "-" ? "" : text;
}

/** `ns` as `ms` with fraction; computed as for a Duration message, so that both logs give the same number. */
function sinceStart(text: string): number | null {
  if (text === "") return null;
  const ns = Number(text);
  if (ns < 1e9) return ns / 1e6;
  const rest = ns % 1e9;
  return ((ns - rest) / 1e9) * 1_000 + rest / 1e6;
}

/** Connections inside Envoy have addresses of their own, which say nothing. */
function socketAddress(text: string): string {
  return text.startsWith("envoy://") ? "" : text;
}

const noFlags: readonly string[] = [];

function flagsOf(text: string): readonly string[] {
  return text === "" ? noFlags : sortedFlags(text.split(","));
}

function hasNumbers(transaction: HttpTransaction): boolean {
  const { startUnixMs, durationMs, requestMs, firstByteMs } = transaction;
  const { dialledPort, requestBytes, status, responseBytes } = transaction;
  const times = startUnixMs + durationMs + (requestMs ?? 0) + (firstByteMs ?? 0);
  return Number.isFinite(times + dialledPort + requestBytes + status + responseBytes);
}
