/** Datagrams where there is no way for them: MASQUE in all its forms, QUIC to port 443, and captured UDP. */
import { requestThrough } from "../../harness/agent-requests.ts";
import { exchange } from "../../harness/entrance.ts";
import { openTcp } from "../../harness/proxy-protocol-client.ts";
import { encodeProxyHeader } from "../../harness/proxy-protocol-header.ts";
import {
  arrives,
  head,
  sendInTls,
  sendInTunnel,
  sendOverHttp2,
  sendToProxy,
  textOf,
} from "../attack-bytes.ts";
import { attempt } from "../technique.ts";
import type { Technique } from "../technique.ts";
import { goodHeader } from "./captured-identity.ts";

/** First byte of a long header, version 1, and connection ids: RFC 9000 section 17.2. */
const quicInitial = Buffer.concat([Buffer.from("c00000000108", "hex"), Buffer.alloc(1_194, 1)]);

/** Family and transport of a PROXY header, at that place: datagrams over IPv4, datagrams over IPv6, none. */
const familyAt = 13;
const datagramFamilies = [0x12, 0x22, 0x02] as const;

/** RFC 9298 section 2 and RFC 9484 section 4. */
const targets = [
  "/.well-known/masque/udp/dns.google/443/",
  "/.well-known/masque/udp/203.0.113.9/443/",
  "/.well-known/masque/ip/*/*/",
];
const protocols = ["connect-udp", "connect-udp-bind", "connect-ip"] as const;

/** What an allowed host gets as another protocol, and what anybody gets as datagrams, got through. */
export const udpTunnel: Technique = {
  name: "udp-tunnel",
  about: "CONNECT-UDP and CONNECT-IP, QUIC to 443, captured UDP",
  prepare: async (rig) => {
    const { run, gateway } = await rig.gateway("strict");
    const listener = await gateway.transparent();
    const upgrade = (protocol: string) => ["Capsule-Protocol: ?1", `Upgrade: ${protocol}`];
    return {
      control: () =>
        arrives(rig, "allowed.test", async () =>
          textOf(await requestThrough(run, "https://allowed.test/bytes/10")),
        ),
      isForbidden: ({ method, headers }) =>
        method.startsWith("CONNECT") || headers["upgrade"] !== undefined,
      attempts: [
        ...protocols.flatMap((protocol) =>
          targets.flatMap((path) => [
            attempt(`${protocol} to the proxy, ${path}`, () =>
              sendToProxy(
                run,
                head(`GET ${path} HTTP/1.1`, "Host: proxy.test", ...upgrade(protocol)),
              ),
            ),
            attempt(`${protocol} in absolute form, ${path}`, () =>
              sendToProxy(
                run,
                `GET http://plain.test${path} HTTP/1.1\r\nHost: plain.test\r\nConnection: Upgrade\r\n${upgrade(protocol).join("\r\n")}\r\n\r\n`,
              ),
            ),
            attempt(`${protocol} in TLS to an allowed host, ${path}`, () =>
              sendInTls(
                run,
                "allowed.test:443",
                `GET ${path} HTTP/1.1\r\nHost: allowed.test\r\nConnection: Upgrade\r\n${upgrade(protocol).join("\r\n")}\r\n\r\n`,
              ),
            ),
            attempt(`extended CONNECT ${protocol} to an allowed host, ${path}`, () =>
              sendOverHttp2(run, "allowed.test:443", [
                [":method", "CONNECT"],
                [":protocol", protocol],
                [":scheme", "https"],
                [":path", path],
                [":authority", "allowed.test"],
                ["capsule-protocol", "?1"],
              ]),
            ),
          ]),
        ),
        ...["dns.google:443", "unlisted.test:443", "allowed.test:443"].map((target) =>
          attempt(`QUIC in a tunnel to ${target}`, () => sendInTunnel(run, target, quicInitial)),
        ),
        attempt("CONNECT-UDP as a method", () =>
          sendToProxy(run, head("CONNECT-UDP dns.google:443 HTTP/1.1", "Host: dns.google:443")),
        ),
        ...datagramFamilies.map((family) =>
          attempt(`captured datagrams of family ${family}`, async () => {
            const header = encodeProxyHeader({
              ...goodHeader,
              destination: { address: "203.0.113.9", port: 443 },
            });
            header[familyAt] = family;
            const socket = await openTcp(listener);
            const bytes = Buffer.concat([header, quicInitial]);
            return (await exchange(socket, bytes, { deadlineMs: 1_000 })).text;
          }),
        ),
      ],
    };
  },
};
