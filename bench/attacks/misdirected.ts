/** What no request at an allowed upstream may be, whatever technique brought it there. */
import type { ReceivedRequest } from "../harness/fake/received-request.ts";
import { allowedHosts } from "./attack-policy.ts";
import type { Canaries } from "./canaries.ts";

/** Which canary belongs to which host. */
const credentialOf: ReadonlyMap<string, string> = new Map([
  ["allowed.test", "upstream"],
  ["other.test", "other"],
  ["query.test", "query"],
  ["api.openai.com", "openai"],
]);

const served: ReadonlySet<string> = new Set([
  ...allowedHosts.tls,
  ...allowedHosts.plain,
  "api.openai.com",
  "api.anthropic.com",
]);

/** Headers that only the gateway and its Envoy know between themselves. */
const internalHeader = /^(?:x-clrk-|x-envoy-|proxy-authorization$)/;

/**
 * Whether a request says two hosts, is for a host that is not served here, bears a credential of another host, a
 * placeholder or a run's token, or headers that are the gateway's own.
 */
export function isMisdirected(request: ReceivedRequest, canaries: Canaries): boolean {
  const { host, servername, headers, path } = request;
  const named = host.replace(/\.$/, "");
  if (!served.has(named)) return true;
  if (servername !== undefined && servername.toLowerCase() !== named) return true;
  const said = headers["host"]?.toLowerCase().replace(/:\d+$/, "").replace(/\.$/, "");
  if (said !== undefined && said !== named) return true;
  if (Object.keys(headers).some((name) => internalHeader.test(name))) return true;
  const own = credentialOf.get(named);
  const borne = canaries.findIn(`${path}\n${JSON.stringify(headers)}`);
  return borne.some((name) => name !== own);
}
