/** What is neither TLS nor HTTP on ports where only these are taken, and bytes to what no rule passes bytes to. */
import { exchange } from "../../harness/entrance.ts";
import type { Entrance } from "../../harness/entrance.ts";
import { arrives, head, sendInTunnel } from "../attack-bytes.ts";
import { attempt } from "../technique.ts";
import type { Technique } from "../technique.ts";

/** Beginnings of protocols, by name. */
const openings: readonly (readonly [string, string | Uint8Array])[] = [
  ["SSH", "SSH-2.0-OpenSSH_9.7\r\n"],
  ["SMTP", "EHLO agent\r\n"],
  ["PostgreSQL", Buffer.from("0000000804d2162f", "hex")],
  ["MySQL", Buffer.from("2000000185a60f0000000001210000000000000000000000", "hex")],
  ["Redis", "*1\r\n$4\r\nPING\r\n"],
  ["RTSP", "OPTIONS rtsp://unlisted.test/ RTSP/1.0\r\nCSeq: 1\r\n\r\n"],
  ["SOCKS4", Buffer.from("0401005000000001" + "00", "hex")],
  ["SOCKS5", Buffer.from("050100", "hex")],
  ["SSL 2", Buffer.from("802e0100020015000000100100800200800300800400", "hex")],
  ["PROXY v1", "PROXY TCP4 1.2.3.4 127.0.0.1 1 443\r\nGET / HTTP/1.1\r\n\r\n"],
  ["HTTP/0.9", "GET /\r\n"],
  ["HTTP/3.0", "GET / HTTP/3.0\r\nHost: unlisted.test\r\n\r\n"],
  ["lower-case HTTP", "get / http/1.1\r\nhost: unlisted.test\r\n\r\n"],
  ["a NUL", "\0raw"],
  ["an alert of TLS", Buffer.from("15030300020100", "hex")],
  ["line ends", "\r\n\r\n"],
];

/** Where raw bytes may not go on the gateway that passes some. */
const targets = (port: number, allowedPort: number) => [
  { host: "127.0.0.1", port },
  { host: "127.0.0.2", port: allowedPort },
  { host: "[::1]", port: allowedPort },
  { host: "localhost", port: allowedPort },
  { host: "unlisted.test", port: allowedPort },
  { host: "unlisted.test", port: 443 },
];

/** On intercepted ports by every way in, and beside the rule for raw TCP. */
export const rawProtocol: Technique = {
  name: "raw-protocol",
  about: "SSH, SMTP, databases, SOCKS on 443 and 80; raw TCP beside a rule",
  prepare: async (rig) => {
    const { entrances } = await rig.gateway("strict");
    const raw = await rig.gateway("raw");
    const talk = async (
      entrance: Entrance,
      dialled: { host: string; port: number },
      bytes: string | Uint8Array,
    ) => (await exchange(await entrance.open(dialled), bytes, { deadlineMs: 1_000 })).text;
    return {
      control: async () => {
        const { port } = rig.raw;
        const text = await sendInTunnel(raw.run, `127.0.0.1:${port}`, "\0raw");
        const plain = await arrives(rig, "plain.test", () =>
          sendInTunnel(
            raw.run,
            "plain.test:80",
            head("GET /bytes/10 HTTP/1.1", "Host: plain.test"),
          ),
        );
        return plain && text === "\0raw";
      },
      isForbidden: () => true,
      attempts: [
        ...entrances.flatMap((entrance) =>
          openings.flatMap(([name, bytes]) =>
            [443, 80].map((port) =>
              attempt(`${entrance.name} ${name} on ${port}`, () =>
                talk(entrance, { host: port === 443 ? "allowed.test" : "plain.test", port }, bytes),
              ),
            ),
          ),
        ),
        ...targets(rig.trap.port, rig.raw.port).flatMap((target) =>
          openings
            .slice(0, 2)
            .map(([name, bytes]) =>
              attempt(
                `${name} to ${target.host}:${target.port === rig.raw.port ? "allowed" : "other"}`,
                () => talk(raw.explicit, target, bytes),
              ),
            ),
        ),
      ],
    };
  },
};
