/** Bytes of an attack on their way: in a CONNECT tunnel, inside TLS in it, or to the proxy itself, with what came back as text. */
import { openSecureTunnel } from "../harness/agent-requests.ts";
import type { AgentAccess } from "../harness/agent-requests.ts";
import { openThroughProxy } from "../harness/connect-proxy-client.ts";
import { exchange } from "../harness/entrance.ts";
import type { HttpResponse } from "../harness/http-over-socket.ts";
import { openTcp } from "../harness/proxy-protocol-client.ts";
import type { AttackRig } from "./attack-rig.ts";
import { plainHeadersFrame } from "./http2-frames.ts";
import type { HeaderField } from "./http2-frames.ts";

const nothingMoreMs = 1_500;
/** A connection stays open behind an answer: longer than one takes. */
const framesMs = 1_000;
const headEnd = /\r\n\r\n/;

/** A request head in HTTP/1.1 that ends the connection with its answer; `lines` come behind the request line as they are. */
export function head(requestLine: string, ...lines: readonly string[]): string {
  return `${[requestLine, ...lines, "Connection: close"].join("\r\n")}\r\n\r\n`;
}

/** Everything an agent sees of a response. */
export function textOf({ status, headers, trailers, text }: HttpResponse): string {
  return `${status} ${JSON.stringify({ ...headers, ...trailers })}\n${text}`;
}

/** Bytes inside TLS to `target` (`host:port`), in HTTP/1.1. */
export async function sendInTls(
  run: AgentAccess,
  target: string,
  bytes: string | Uint8Array,
): Promise<string> {
  const socket = await openSecureTunnel(run, target);
  return (await exchange(socket, bytes, { deadlineMs: nothingMoreMs })).text;
}

/** Bytes in a tunnel as they are; the proxy's refusal where it opens none. */
export async function sendInTunnel(
  run: AgentAccess,
  target: string,
  bytes: string | Uint8Array,
): Promise<string> {
  const { authorization, proxy } = run;
  const answer = await openThroughProxy(proxy, { target, authorization });
  if (answer.kind === "refused") return `${answer.status} ${answer.body}`;
  return (await exchange(answer.socket, bytes, { deadlineMs: nothingMoreMs })).text;
}

/** A head to the proxy itself, with the run's credential unless it brings its own. */
export async function sendToProxy(run: AgentAccess, requestHead: string): Promise<string> {
  const own = /^proxy-authorization/im.test(requestHead);
  const line = own ? "" : `Proxy-Authorization: ${run.authorization}\r\n`;
  const bytes = requestHead.replace(headEnd, `\r\n${line}\r\n`);
  const socket = await openTcp(run.proxy);
  return (await exchange(socket, bytes, { deadlineMs: nothingMoreMs })).text;
}

/** One HTTP/2 request without a body in TLS to `target`, as it is; the answer's frames as Latin-1. */
export async function sendOverHttp2(
  run: AgentAccess,
  target: string,
  fields: readonly HeaderField[],
): Promise<string> {
  const socket = await openSecureTunnel(run, target, "h2");
  return (await exchange(socket, plainHeadersFrame(fields), { deadlineMs: framesMs })).text;
}

/** Whether a call brings a request for `host` to an allowed upstream, and is answered by it with 200. */
export async function arrives(
  rig: AttackRig,
  host: string,
  call: () => Promise<string>,
): Promise<boolean> {
  const seen = () => rig.requests().filter((request) => request.host === host).length;
  const before = seen();
  const answer = await call();
  return seen() > before && /^(?:HTTP\/1\.1 )?200 /.test(answer);
}
