/** Upstreams by their address in place of their name: as a target, in a handshake, in a Host, and behind a name that is allowed. */
import { requestThrough } from "../../harness/agent-requests.ts";
import { encodeClientHello } from "../../harness/client-hello.ts";
import { travel } from "../../harness/entrance.ts";
import { arrives, head, sendInTls, sendInTunnel, sendToProxy, textOf } from "../attack-bytes.ts";
import { attempt } from "../technique.ts";
import type { Technique } from "../technique.ts";

/** 127.0.0.1 as it may be written: dotted, short, one number, and in the forms by which IPv6 holds an IPv4 address. */
const literals = [
  ...["127.0.0.1", "127.0.0.1.", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.01"],
  ...["[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[::ffff:0:127.0.0.1]"],
  ...["[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::1]"],
  ...[
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::1%lo]",
    "[::1%25lo]",
    "[fe80::1%25lo]",
    "[::ffff:127.0.0.1%25lo]",
  ],
];

/** Rules are about names: no address leads anywhere, also where an upstream with an allowed name listens there. */
export const addressLiterals: Technique = {
  name: "address-literals",
  about: "IP literals: short, mapped, NAT64, 6to4, with zones",
  prepare: async (rig) => {
    const { run, explicit } = await rig.gateway("strict");
    const tls = rig.allowed.tls.port;
    const plain = rig.allowed.plain.port;
    const hosts = literals.flatMap((literal) => [
      { literal, port: plain },
      { literal, port: rig.trap.port },
    ]);
    return {
      control: () =>
        arrives(rig, "allowed.test", async () =>
          textOf(await requestThrough(run, "https://allowed.test/bytes/10")),
        ),
      isForbidden: () => true,
      attempts: [
        ...hosts.flatMap(({ literal, port }) => [
          attempt(`absolute form http://${literal}:${port}`, () =>
            sendToProxy(
              run,
              head(`GET http://${literal}:${port}/bytes/10 HTTP/1.1`, `Host: ${literal}:${port}`),
            ),
          ),
          attempt(`tunnel to ${literal}:${port}, plain HTTP`, () =>
            sendInTunnel(
              run,
              `${literal}:${port}`,
              head("GET /bytes/10 HTTP/1.1", `Host: ${literal}:${port}`),
            ),
          ),
          attempt(`tunnel to ${literal}:${port}, plain HTTP for an allowed name`, () =>
            sendInTunnel(
              run,
              `${literal}:${port}`,
              head("GET /bytes/10 HTTP/1.1", "Host: plain.test"),
            ),
          ),
        ]),
        ...literals.flatMap((literal) => [
          attempt(`tunnel to ${literal}:${tls}, TLS for an allowed name`, async () =>
            textOf(
              await travel(explicit, {
                dialled: { host: literal, port: tls },
                servername: "allowed.test",
                ca: run.ca,
                request: { path: "/bytes/10", authority: "allowed.test" },
              }),
            ),
          ),
          attempt(`tunnel to ${literal}:${tls}, TLS for the address`, () =>
            sendInTunnel(
              run,
              `${literal}:${tls}`,
              encodeClientHello(literal.replace(/[[\]]/g, "")),
            ),
          ),
          attempt(`Host ${literal} in TLS to an allowed name`, () =>
            sendInTls(run, "allowed.test:443", head("GET /bytes/10 HTTP/1.1", `Host: ${literal}`)),
          ),
        ]),
      ],
    };
  },
};
