/** Another protocol where HTTP was decided about: h2c, the HTTP/2 preface in HTTP/1, TLS inside plain or inside TLS, upgrades. */
import type { AgentAccess } from "../../harness/agent-requests.ts";
import { encodeClientHello } from "../../harness/client-hello.ts";
import { arrives, head, sendInTls, sendInTunnel, sendToProxy } from "../attack-bytes.ts";
import { plainHeadersFrame } from "../http2-frames.ts";
import { attempt } from "../technique.ts";
import type { Attempt, Technique } from "../technique.ts";

const settings = "HTTP2-Settings: AAMAAABkAAQAAP__";
const h2c = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", settings];

/** A request of HTTP/2 for a host that no rule allows. */
const unlistedFrames = plainHeadersFrame([
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/"],
  [":authority", "plain-unlisted.test"],
]);

const upgrades = [
  "h2c",
  "TLS/1.0",
  "HTTP/2.0",
  "connect-udp",
  "connect-tcp",
  "anything",
  "h2c, websocket",
];

/** What arrives with an upgrade, or as anything but what was decided about, got through. */
export const protocolSwitch: Technique = {
  name: "protocol-switch",
  about: "h2c, PRI preface, TLS on port 80 and in TLS, unknown upgrades",
  prepare: async (rig) => {
    const { run } = await rig.gateway("strict");
    const hello = encodeClientHello("unlisted.test");
    const raw = (line: string, lines: readonly string[]) =>
      `${[line, "Host: plain.test", ...lines].join("\r\n")}\r\n\r\n`;
    return {
      control: () =>
        arrives(rig, "plain.test", () =>
          sendInTunnel(run, "plain.test:80", head("GET /bytes/10 HTTP/1.1", "Host: plain.test")),
        ),
      isForbidden: ({ headers }) =>
        headers["upgrade"] !== undefined || headers["http2-settings"] !== undefined,
      attempts: [
        attempt("h2c in absolute form", () =>
          sendToProxy(run, raw("GET http://plain.test/bytes/10 HTTP/1.1", h2c)),
        ),
        attempt("h2c in a tunnel, frames behind it", () =>
          sendInTunnel(
            run,
            "plain.test:80",
            Buffer.concat([Buffer.from(raw("GET /bytes/10 HTTP/1.1", h2c)), unlistedFrames]),
          ),
        ),
        attempt("h2c in TLS", () =>
          sendInTls(
            run,
            "allowed.test:443",
            raw("GET /bytes/10 HTTP/1.1", h2c).replace("plain.test", "allowed.test"),
          ),
        ),
        attempt("cleartext HTTP/2 for another host", () =>
          sendInTunnel(run, "plain.test:80", unlistedFrames),
        ),
        attempt("the preface to the proxy", () => sendToProxy(run, "PRI * HTTP/2.0\r\n\r\n")),
        attempt("the preface behind a request", () =>
          sendInTunnel(
            run,
            "plain.test:80",
            Buffer.concat([
              Buffer.from("GET /bytes/10 HTTP/1.1\r\nHost: plain.test\r\n\r\n"),
              unlistedFrames,
            ]),
          ),
        ),
        attempt("PRI as a method", () =>
          sendInTls(run, "allowed.test:443", head("PRI /bytes/10 HTTP/1.1", "Host: unlisted.test")),
        ),
        attempt("HTTP/2 without ALPN in TLS", () =>
          sendInTls(run, "allowed.test:443", unlistedFrames),
        ),
        attempt("TLS on port 80", () => sendInTunnel(run, "plain.test:80", hello)),
        attempt("TLS behind a request on port 80", () =>
          sendInTunnel(
            run,
            "plain.test:80",
            Buffer.concat([
              Buffer.from("GET /bytes/10 HTTP/1.1\r\nHost: plain.test\r\n\r\n"),
              hello,
            ]),
          ),
        ),
        attempt("TLS inside TLS", () => sendInTls(run, "allowed.test:443", hello)),
        ...unknownUpgrades(run),
      ],
    };
  },
};

function unknownUpgrades(run: AgentAccess): readonly Attempt[] {
  return [
    ...upgrades.flatMap((protocol) => [
      attempt(`upgrade to ${protocol}`, () =>
        sendInTls(
          run,
          "allowed.test:443",
          `GET /bytes/10 HTTP/1.1\r\nHost: allowed.test\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`,
        ),
      ),
      attempt(`upgrade to ${protocol} on a POST`, () =>
        sendInTls(
          run,
          "allowed.test:443",
          `POST /sink HTTP/1.1\r\nHost: allowed.test\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\nContent-Length: 4\r\n\r\nbody`,
        ),
      ),
    ]),
  ];
}
