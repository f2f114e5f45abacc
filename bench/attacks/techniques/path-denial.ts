/** A host of which `/admin` is denied and the rest allowed: spellings that a server takes for `/admin` and a matcher does not. */
import { arrives, head, sendInTls } from "../attack-bytes.ts";
import { lenientPaths } from "../lenient-path.ts";
import type { Technique } from "../technique.ts";
import { pathAttempts } from "./path-prefix.ts";

/** Spellings of the two denied paths that are refused. */
export const deniedSpellings: readonly string[] = [
  "/admin",
  "/admin/x",
  "/./admin",
  "/x/../admin",
  "/x/%2e%2e/admin",
  "//admin",
  "/\\admin",
  "/%61dmin",
  "/admi%6E",
  "/x//admin",
  "/x%2f..%2fadmin",
  "/x%5c..%5cadmin",
  "/admin%00",
  "/admin?x=1",
  "/admin#x",
];

const more: readonly string[] = [
  ...["/admin;", "/admin;x=1", "/;/admin", "/x/..;/admin", "/x;/../admin", "/admin%3bx", "/admin/"],
  ...[
    "/admin//x",
    "/admin/.",
    "/admin/x/..",
    "/%2561dmin",
    "/%2fadmin",
    "/%252fadmin",
    "/x/%252e%252e/admin",
  ],
  ...[
    "/x/..%252fadmin",
    "/%c0%afadmin",
    "/x/%c0%ae%c0%ae/admin",
    "/%u002fadmin",
    "/%00/admin",
    "/admin%2500",
  ],
];

/** In HTTP/1.1, HTTP/2 and absolute form. */
export const pathDenial: Technique = {
  name: "path-denial",
  about: "a denied path in every spelling that a server could take for it",
  prepare: async (rig) => {
    const { run } = await rig.gateway("strict");
    return {
      control: () =>
        arrives(rig, "denied-paths.test", () =>
          sendInTls(
            run,
            "denied-paths.test:443",
            head("GET /bytes/10 HTTP/1.1", "Host: denied-paths.test"),
          ),
        ),
      isForbidden: ({ path }) =>
        lenientPaths(path).some((it) => /^\/(?:x\/)?admin(?:\/|$)/.test(it)),
      attempts: pathAttempts(run, "denied-paths.test", [...deniedSpellings, ...more]),
    };
  },
};
