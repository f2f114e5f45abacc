/** Which MCP servers a rule is about. */

import { matchGlob } from "../../crds/glob.ts";

/** A server as a request names it. */
export interface McpServer {
  /** `scheme://host`, lower case, with its port unless that is the scheme's own */
  readonly origin: string;
  /** Lower case, without port */
  readonly host: string;
  /** Without query, as Envoy normalised it, and without needless escapes */
  readonly path: string;
}

/** The server of a request; `authority` with its port, if it has one. */
export function mcpServer(scheme: string, authority: string, target: string): McpServer {
  const lower = authority.toLowerCase();
  const port = /:(\d+)$/.exec(lower)?.[1];
  const host = port === undefined ? lower : lower.slice(0, -port.length - 1);
  const name = host.replace(/\.$/, "");
  const isUsual = port === undefined || port === (scheme === "https" ? "443" : "80");
  const [path = "/"] = target.split(/[?#]/, 1);
  return {
    origin: `${scheme}://${isUsual ? name : `${name}:${port}`}`,
    host: name,
    path: path.replace(/%[0-9a-f]{2}/gi, decodeUnreserved),
  };
}

/** A character that means the same escaped or not (RFC 3986 section 6.2.2.2). */
function decodeUnreserved(escaped: string): string {
  const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
  return /[A-Za-z0-9._~-]/.test(character) ? character : escaped;
}

/** Whether servers may read the path as another one: an encoded slash, backslash or NUL, a parameter, or `//`. */
export function isAmbiguousPath({ path }: McpServer): boolean {
  return /\/\/|\\|;|%(?:2f|5c|00|3b)|(?:^|\/)\.\.?(?:\/|$)/i.test(path);
}

/** Whether any of the globs tells paths apart. */
export function namesPath(globs: readonly string[]): boolean {
  return globs.some((glob) => {
    const scheme = glob.indexOf("://");
    return scheme >= 0 && splitServerGlob(glob, scheme).path !== "";
  });
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
export function splitServerGlob(glob: string, scheme: number) {
  const slash = glob.indexOf("/", scheme + 3);
  return slash < 0
    ? { origin: glob, path: "" }
    : { origin: glob.slice(0, slash), path: glob.slice(slash) };
}
