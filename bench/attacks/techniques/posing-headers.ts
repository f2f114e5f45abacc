/** Headers that pose as the gateway's own, steer its Envoy, or name another host or path to the server behind. */
import { requestThrough } from "../../harness/agent-requests.ts";
import { arrives, head, sendInTls, sendToProxy, textOf } from "../attack-bytes.ts";
import { attempt } from "../technique.ts";
import type { Technique } from "../technique.ts";

/** What an agent could write to steer; `trap` is where it would like requests to go. */
export function posingHeaders(trap: string): Readonly<Record<string, string>> {
  return {
    "x-clrk-run": "run-000000000000",
    "X-Clrk-Deny-Reason": "none",
    "x-clrk-taskagent": "default/other",
    "x-envoy-original-dst-host": trap,
    "x-envoy-upstream-rq-timeout-ms": "1",
    "x-envoy-upstream-rq-per-try-timeout-ms": "1",
    "x-envoy-retry-on": "5xx",
    "x-envoy-max-retries": "5",
    "x-envoy-internal": "true",
    "x-envoy-decorator-operation": "anything",
    "x-envoy-force-trace": "1",
    "x-envoy-hedge-on-per-try-timeout": "true",
    "x-envoy-external-address": "127.0.0.1",
    "x-envoy-ip-tags": "trusted",
    "x-envoy-peer-metadata": "trusted",
  };
}

/** Headers by which frameworks are told another host or path than was asked for. */
const rewriting: Readonly<Record<string, string>> = {
  "x-original-url": "/secret",
  "x-rewrite-url": "/secret",
  "x-override-url": "/secret",
  "x-original-uri": "/secret",
  X_Original_URL: "/secret",
  "x-forwarded-uri": "/secret",
};

const rewritesPath =
  /^x[-_](?:original[-_]ur[il]|rewrite[-_]url|override[-_]url|forwarded[-_]uri)$/;

/** Each header alone, in other case, and listed in `Connection`; to an unlisted host with words for an allowed one. */
export const posingHeadersTechnique: Technique = {
  name: "posing-headers",
  about: "x-clrk-*, x-envoy-* and rewriting headers of an agent",
  prepare: async (rig) => {
    const { run } = await rig.gateway("strict");
    const posing = Object.entries(posingHeaders(`127.0.0.1:${rig.trap.port}`));
    const send = (host: string, path: string, ...lines: readonly string[]) =>
      sendInTls(run, `${host}:443`, head(`GET ${path} HTTP/1.1`, `Host: ${host}`, ...lines));
    return {
      control: () =>
        arrives(rig, "allowed.test", async () =>
          textOf(await requestThrough(run, "https://allowed.test/bytes/10")),
        ),
      isForbidden: ({ host, headers }) =>
        host === "paths.test" && Object.keys(headers).some((name) => rewritesPath.test(name)),
      attempts: [
        ...posing.flatMap(([name, value]) => [
          attempt(name, () => send("allowed.test", "/bytes/10", `${name}: ${value}`)),
          attempt(`${name} in other case`, () =>
            send("allowed.test", "/bytes/10", `${name.toUpperCase()}: ${value}`),
          ),
          attempt(`${name} in plain HTTP`, () =>
            sendToProxy(
              run,
              head(
                "GET http://plain.test/bytes/10 HTTP/1.1",
                "Host: plain.test",
                `${name}: ${value}`,
              ),
            ),
          ),
          attempt(`${name} to an unlisted host`, () =>
            send("unlisted.test", "/bytes/10", `${name}: ${value}`),
          ),
        ]),
        ...Object.entries(rewriting).map(([name, value]) =>
          attempt(`${name} beside an allowed path`, () =>
            send("paths.test", "/public/x", `${name}: ${value}`),
          ),
        ),
        ...["x-forwarded-host", "x-host", "forwarded"].map((name) =>
          attempt(`${name} to an unlisted host`, () =>
            send("unlisted.test", "/bytes/10", `${name}: allowed.test`),
          ),
        ),
      ],
    };
  },
};
