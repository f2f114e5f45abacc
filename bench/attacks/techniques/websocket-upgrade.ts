/** A WebSocket where rules only allow methods and paths, or choose by the body: an open stream that no rule sees into. */
import { arrives, sendOverHttp2, head, sendInTls, sendInTunnel } from "../attack-bytes.ts";
import { attempt } from "../technique.ts";
import type { Technique } from "../technique.ts";

const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";

/** Hosts and paths where no rule allows one. */
const places: readonly { readonly host: string; readonly path: string; readonly method: string }[] =
  [
    { host: "sockets.test", path: "/ws", method: "GET" },
    { host: "sockets.test", path: "/bytes/../ws", method: "GET" },
    { host: "sockets.test", path: "/bytes/10", method: "POST" },
    { host: "methods.test", path: "/ws", method: "POST" },
    { host: "paths.test", path: "/ws", method: "GET" },
    { host: "unlisted.test", path: "/ws", method: "GET" },
    { host: "api.openai.com", path: "/v1/chat/completions", method: "GET" },
    { host: "api.openai.com", path: "/v1/chat/completions", method: "POST" },
    { host: "api.openai.com", path: "/v1/realtime?model=gpt-4o-mini", method: "GET" },
  ];

const spellings = ["websocket", "WebSocket", "websocket, h2c", "h2c, websocket", "websocket/13"];

/** By HTTP/1.1 upgrade and by extended CONNECT. */
export const websocketUpgrade: Technique = {
  name: "websocket-upgrade",
  about: "a WebSocket where only methods, paths or models are allowed",
  prepare: async (rig) => {
    const { run } = await rig.gateway("strict");
    const ask = (host: string, requestLine: string, protocol: string) =>
      sendInTls(
        run,
        `${host}:443`,
        `${requestLine} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
      );
    return {
      control: () =>
        arrives(rig, "plain.test", async () => {
          // An upgrade that is allowed, so that a refusal is one of rules and not of all upgrades.
          const answer = await sendInTunnel(
            run,
            "plain.test:80",
            `GET /ws HTTP/1.1\r\nHost: plain.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
          );
          return answer.replace(/^HTTP\/1\.1 101 /, "HTTP/1.1 200 ");
        }),
      isForbidden: () => true,
      attempts: [
        ...places.flatMap(({ host, path, method }) =>
          spellings.map((protocol) =>
            attempt(`${method} ${host}${path} with ${protocol}`, () =>
              ask(host, `${method} ${path}`, protocol),
            ),
          ),
        ),
        ...places.map(({ host, path }) =>
          attempt(`extended CONNECT ${host}${path}`, () =>
            sendOverHttp2(run, `${host}:443`, [
              [":method", "CONNECT"],
              [":protocol", "websocket"],
              [":scheme", "https"],
              [":authority", host],
              [":path", path],
            ]),
          ),
        ),
        attempt("in plain text to an unlisted host", () =>
          sendInTunnel(
            run,
            "plain-unlisted.test:80",
            head("GET /ws HTTP/1.1", "Host: plain-unlisted.test", "Upgrade: websocket", key),
          ),
        ),
      ],
    };
  },
};
