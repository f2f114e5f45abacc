/** Which MCP servers a rule is about. */

import { matchGlob } from "../../crds/glob.ts";

/** A server as a request names it. */
export interface McpServer {
  /** `scheme://host`, lower case, with its port unless that is the scheme's own */
  readonly origin: string;
  /** Lower case, without port */
  readonly host: string;
  /** Without query, as Envoy normalised it */
  readonly path: string;
}

/** The server of a request; `authority` with its port, if it has one. */
export function mcpServer(scheme: string, authority: string, target: string): McpServer {
  const lower = authority.toLowerCase();
  const port = /:(\d+)$/.exec(lower)?.[1];
  const host = port === undefined ? lower : lower.slice(0, -port.length - 1);
  const isUsual = port === undefined || port === (scheme === "https" ? "443" : "80");
  const [path = "/"] = target.split(/[?#]/, 1);
  return { origin: `${scheme}://${isUsual ? host : lower}`, host, path };
}

/**
 * Whether any of the globs means the server: `scheme://host/path`, `scheme://host` for all of its paths, or a host. Parts
 * are compared one by one, so that no `*` of a host stands for a path. No globs mean every server.
 */
export function matchesServer(globs: readonly string[], server: McpServer): boolean {
  return globs.length === 0 || globs.some((glob) => matchesOne(glob, server));
}

function matchesOne(glob: string, { origin, host, path }: McpServer): boolean {
  const scheme = glob.indexOf("://");
  if (scheme < 0) return matchGlob(glob, host);
  const { origin: wanted, path: wantedPath } = splitServerGlob(glob, scheme);
  return matchGlob(wanted, origin) && (wantedPath === "" || matchGlob(wantedPath, path));
}

/** The parts of a glob of URLs, whose scheme ends at `scheme`; the path is empty where it has none. */
function splitServerGlob(glob: string, scheme: number) {
  const slash = glob.indexOf("/", scheme + 3);
  return slash < 0
    ? { origin: glob, path: "" }
    : { origin: glob.slice(0, slash), path: glob.slice(slash) };
}
