/**
 * One-line requests of an agent behind the explicit proxy, for stories in which the client does not matter: CONNECT
 * and TLS for https, absolute form for http. The agent trusts exactly what its run was given.
 */
import type { TLSSocket } from "node:tls";
import { openThroughProxy, requestAbsolute } from "./connect-proxy-client.ts";
import type { GatewayRun } from "./gateway.ts";
import { httpOver, tlsOver } from "./http-over-socket.ts";
import type { HttpRequest, HttpResponse } from "./http-over-socket.ts";

/** What of a run is needed to reach the proxy. */
export type AgentAccess = Pick<GatewayRun, "authorization" | "ca" | "proxy">;

/** One request to a URL; the rest is as in `HttpRequest`. */
export type AgentRequest = Partial<Omit<HttpRequest, "path">>;

/** TLS through a tunnel to `target` (`host:port`). Rejects when the tunnel is refused or `alpn` is not agreed. */
export async function openSecureTunnel(
  run: AgentAccess,
  target: string,
  alpn: "http/1.1" | "h2" = "http/1.1",
): Promise<TLSSocket> {
  const { authorization, proxy, ca } = run;
  const answer = await openThroughProxy(proxy, { target, authorization });
  if (answer.kind === "refused") {
    throw new Error(`Cannot open tunnel to "${target}": ${answer.status} ${answer.body.trim()}`);
  }
  const servername = target.replace(/:\d+$/, "");
  const secure = await tlsOver(answer.socket, { servername, ca, alpn: [alpn] });
  if (secure.alpnProtocol !== alpn) throw new Error(`Cannot use "${alpn}": not agreed`);
  return secure;
}

/** Sends one request on a connection of its own, which is closed with the answer. */
export async function requestThrough(
  run: AgentAccess,
  url: string,
  request: AgentRequest = {},
): Promise<HttpResponse> {
  const { protocol, host, hostname, port, pathname, search } = new URL(url);
  if (protocol === "http:") {
    return requestAbsolute(run.proxy, url, { ...request, authorization: run.authorization });
  }
  const secure = await openSecureTunnel(run, `${hostname}:${port || 443}`);
  try {
    return await httpOver(secure, { authority: host, ...request, path: `${pathname}${search}` });
  } finally {
    secure.destroy();
  }
}
