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
  ["paths.test", "paths"],
  ["denied-paths.test", "paths"],
  ["methods.test", "paths"],
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
  const { named, borne } = readRequest(request, canaries);
  if (!served.has(named) || isTorn(request, named)) return true;
  const own = credentialOf.get(named);
  return borne.some((name) => name !== own);
}

/**
 * The same of a gateway that audits, which lets other requests by, at whatever host: whether it says two hosts or bears
 * headers of the gateway's own, a credential that is not for its host, or one that enforcement would not have given it
 * (`isForbidden`). What agents send as a credential may travel where none is injected.
 */
export function isGivenAway(
  request: ReceivedRequest,
  canaries: Canaries,
  isForbidden: (request: ReceivedRequest) => boolean,
): boolean {
  const { named, borne } = readRequest(request, canaries);
  if (isTorn(request, named)) return true;
  const own = credentialOf.get(named);
  const isKeyed = own !== undefined && borne.includes(own);
  if (isKeyed && isForbidden(request)) return true;
  return borne.some((name) => name !== own && (isKeyed || name !== "placeholder"));
}

function readRequest({ host, headers, path }: ReceivedRequest, canaries: Canaries) {
  return {
    named: host.replace(/\.$/, ""),
    borne: canaries.findIn(`${path}\n${JSON.stringify(headers)}`),
  };
}

/** Says two hosts, or bears headers of the gateway's own. */
function isTorn({ servername, headers }: ReceivedRequest, named: string): boolean {
  if (servername !== undefined && servername.toLowerCase() !== named) return true;
  const said = headers["host"]?.toLowerCase().replace(/:\d+$/, "").replace(/\.$/, "");
  if (said !== undefined && said !== named) return true;
  return Object.keys(headers).some((name) => internalHeader.test(name));
}
