/** A host of which only `/public` is allowed: paths that begin there for a matcher and end elsewhere for a server. */
import type { AgentAccess } from "../../harness/agent-requests.ts";
import { arrives, head, sendInTls, sendOverHttp2 } from "../attack-bytes.ts";
import { lenientPaths } from "../lenient-path.ts";
import { attempt } from "../technique.ts";
import type { Attempt, Technique } from "../technique.ts";

const escapes: readonly string[] = [
  ...["/public/../secret", "/public/./../secret", "/public/x/../../secret", "/public//../secret"],
  ...[
    "/public/%2e%2e/secret",
    "/public/.%2e/secret",
    "/public/%2E./secret",
    "/public%2f..%2fsecret",
  ],
  ...["/public/..%2fsecret", "/public/..%2Fsecret", "/public/..%5csecret", "/public\\..\\secret"],
  ...[
    "/public/..\\secret",
    "/public/%252e%252e/secret",
    "/public/..%252fsecret",
    "/public/..%255csecret",
  ],
  ...["/public/..;/secret", "/public/..;x=1/secret", "/public/.;/../secret", "/public;/../secret"],
  ...[
    "/public/..%3b/secret",
    "/public/..%00/secret",
    "/public%00/../secret",
    "/public/%c0%ae%c0%ae/secret",
  ],
  ...["/public/..%c0%afsecret", "/public/%uff0e%uff0e/secret", "/public/..%u2215secret"],
  ...[
    "/public/%2e%2e%2fsecret",
    "/public/..//secret",
    "/public/...//../../secret",
    "/public?/../../secret#/",
  ],
  ...[
    "/PUBLIC/secret",
    "/Public",
    "/publicly",
    "/public.secret",
    "/publi%63/../secret",
    "/public~/secret",
  ],
  ...[
    "//public",
    "//secret/public",
    "/./secret",
    "/secret",
    "/secret/../public/../secret",
    "secret",
    "*",
  ],
  ...[
    "/secret#/public",
    "/secret?/public",
    "/secret;/public",
    "/%2e/secret",
    "/\tpublic",
    "/ public",
  ],
];

/** Each path in HTTP/1.1, in HTTP/2 and in absolute form. */
export const pathPrefix: Technique = {
  name: "path-prefix",
  about: "out of an allowed path: dots, escapes, backslashes, parameters",
  prepare: async (rig) => {
    const { run } = await rig.gateway("strict");
    return {
      control: () =>
        arrives(rig, "paths.test", async () => {
          const answer = await sendInTls(
            run,
            "paths.test:443",
            head("GET /public/x?y=/../z HTTP/1.1", "Host: paths.test"),
          );
          // The fake has no such path, and says so.
          return answer.replace(/^HTTP\/1\.1 404 /, "HTTP/1.1 200 ");
        }),
      isForbidden: ({ path }) =>
        lenientPaths(path).some((it) => it !== "/public" && !it.startsWith("/public/")),
      attempts: pathAttempts(run, "paths.test", escapes),
    };
  },
};

/** GET of each path: HTTP/1.1, HTTP/2, and absolute form inside the tunnel. */
export function pathAttempts(
  run: AgentAccess,
  host: string,
  paths: readonly string[],
): readonly Attempt[] {
  const target = `${host}:443`;
  return paths.flatMap((path) => [
    attempt(`HTTP/1.1 ${path}`, () =>
      sendInTls(run, target, head(`GET ${path} HTTP/1.1`, `Host: ${host}`)),
    ),
    attempt(`HTTP/2 ${path}`, () =>
      sendOverHttp2(run, target, [
        [":method", "GET"],
        [":scheme", "https"],
        [":authority", host],
        [":path", path],
      ]),
    ),
    ...(path.startsWith("/")
      ? [
          attempt(`absolute form ${path}`, () =>
            sendInTls(run, target, head(`GET https://${host}${path} HTTP/1.1`, `Host: ${host}`)),
          ),
        ]
      : []),
  ]);
}
