/** A host of which only GET (and POST to one path) is allowed: other methods in other spellings, and headers that override. */
import { arrives, head, sendInTls, sendOverHttp2 } from "../attack-bytes.ts";
import { attempt } from "../technique.ts";
import type { Technique } from "../technique.ts";

const host = "methods.test";

const methods: readonly string[] = [
  ...[
    "DELETE",
    "delete",
    "Delete",
    "get",
    "Get",
    "gET",
    "PUT",
    "PATCH",
    "HEAD",
    "OPTIONS",
    "TRACE",
  ],
  ...[
    "POST",
    "PROPFIND",
    "GETX",
    "GET\tX",
    "GET,DELETE",
    "GET;DELETE",
    "G\u0000ET",
    "\u212aGET",
    "M-SEARCH",
  ],
];

/** Headers that frameworks take for the method. */
const overrides: readonly string[] = [
  "X-HTTP-Method-Override",
  "x-http-method-override",
  "X-HTTP-Method",
  "X-Method-Override",
  "X_HTTP_METHOD_OVERRIDE",
  "X-HTTP_Method-Override",
];

const overriding = /^x[-_](?:http[-_]method|method[-_]override|http[-_]method[-_]override)$/;

/** Methods in HTTP/1.1 and HTTP/2, and overrides beside an allowed one. */
export const methodRule: Technique = {
  name: "method-rule",
  about: "other methods, in other case, and by override headers",
  prepare: async (rig) => {
    const { run } = await rig.gateway("strict");
    const target = `${host}:443`;
    const overridden = (line: string, value: string) =>
      overrides.map((name) =>
        attempt(`${name}: ${value} beside ${line}`, () =>
          sendInTls(
            run,
            target,
            head(`${line} HTTP/1.1`, `Host: ${host}`, `${name}: ${value}`, "Content-Length: 0"),
          ),
        ),
      );
    return {
      control: () =>
        arrives(rig, host, () =>
          sendInTls(run, target, head("GET /bytes/10 HTTP/1.1", `Host: ${host}`)),
        ),
      isForbidden: ({ method, path, headers }) =>
        !(method === "GET" || (method === "POST" && path === "/sink")) ||
        Object.keys(headers).some((name) => overriding.test(name)),
      attempts: [
        ...methods.map((method) =>
          attempt(`HTTP/1.1 ${JSON.stringify(method)}`, () =>
            sendInTls(run, target, head(`${method} /bytes/10 HTTP/1.1`, `Host: ${host}`)),
          ),
        ),
        ...methods.map((method) =>
          attempt(`HTTP/2 ${JSON.stringify(method)}`, () =>
            sendOverHttp2(run, target, [
              [":method", method],
              [":scheme", "https"],
              [":authority", host],
              [":path", "/bytes/10"],
            ]),
          ),
        ),
        ...overridden("GET /bytes/10", "DELETE"),
        ...overridden("POST /sink", "PUT"),
      ],
    };
  },
};
