/** A proxy inside the proxy: CONNECT in the tunnel, on HTTP/1 and HTTP/2, and in plain requests. */
import { arrives, sendOverHttp2, head, sendInTls, sendInTunnel } from "../attack-bytes.ts";
import type { HeaderField } from "../http2-frames.ts";
import { attempt } from "../technique.ts";
import type { Technique } from "../technique.ts";
import type { RawRequest } from "./duplicate-host.ts";

/** Heads for a tunnel to allowed.test. */
export const connectsInside: readonly RawRequest[] = [
  {
    name: "CONNECT inside the tunnel",
    head: "CONNECT unlisted.test:443 HTTP/1.1\r\nHost: unlisted.test:443",
  },
  {
    name: "CONNECT to the host itself",
    head: "CONNECT allowed.test:443 HTTP/1.1\r\nHost: allowed.test:443",
  },
  {
    name: "CONNECT with another Host",
    head: "CONNECT unlisted.test:443 HTTP/1.1\r\nHost: allowed.test",
  },
  { name: "asterisk form", head: "OPTIONS * HTTP/1.1\r\nHost: allowed.test" },
];

const http2Connects: readonly (readonly [string, readonly HeaderField[]])[] = [
  [
    "to an unlisted host",
    [
      [":method", "CONNECT"],
      [":authority", "unlisted.test:443"],
    ],
  ],
  [
    "to the host itself",
    [
      [":method", "CONNECT"],
      [":authority", "allowed.test:443"],
    ],
  ],
  ["for UDP", extended("connect-udp", "/.well-known/masque/udp/unlisted.test/443/")],
  ["for IP", extended("connect-ip", "/.well-known/masque/ip/*/*/")],
  ["for TCP", extended("connect-tcp", "/.well-known/masque/tcp/unlisted.test/443/")],
];

/** In TLS, in plain text on port 80, and as extended CONNECT. */
export const nestedConnect: Technique = {
  name: "nested-connect",
  about: "CONNECT inside the tunnel, also extended, for UDP and IP",
  prepare: async (rig) => {
    const { run } = await rig.gateway("strict");
    const target = "allowed.test:443";
    return {
      control: () =>
        arrives(rig, "plain.test", () =>
          sendInTunnel(run, "plain.test:80", head("GET /bytes/10 HTTP/1.1", "Host: plain.test")),
        ),
      isForbidden: () => true,
      attempts: [
        ...connectsInside.map(({ name, head: start }) =>
          attempt(name, () => sendInTls(run, target, head(start))),
        ),
        attempt("CONNECT in plain text", () =>
          sendInTunnel(
            run,
            "plain.test:80",
            head("CONNECT unlisted.test:443 HTTP/1.1", "Host: unlisted.test:443"),
          ),
        ),
        ...http2Connects.map(([name, fields]) =>
          attempt(`HTTP/2 CONNECT ${name}`, () => sendOverHttp2(run, target, fields)),
        ),
      ],
    };
  },
};

function extended(protocol: string, path: string): readonly HeaderField[] {
  return [
    [":method", "CONNECT"],
    [":protocol", protocol],
    [":scheme", "https"],
    [":path", path],
    [":authority", "allowed.test"],
  ];
}
