/** Server names that are none, or are more than one: malformed SNI, addresses, names of our own resources, none, ECH. */
import { encodeClientHello, sendClientHello } from "../../harness/client-hello.ts";
import { travel } from "../../harness/entrance.ts";
import { tlsOver } from "../../harness/http-over-socket.ts";
import { arrives, textOf } from "../attack-bytes.ts";
import { attempt } from "../technique.ts";
import type { Technique } from "../technique.ts";
import { secureJourney } from "./domain-fronting.ts";

/** Server names with which no handshake may succeed. */
export const malformedServerNames: readonly {
  readonly name: string;
  readonly sni: string | undefined;
}[] = [
  { name: "none", sni: undefined },
  { name: "empty", sni: "" },
  { name: "an empty label", sni: "allowed..test" },
  { name: "only a dot", sni: "." },
  { name: "300 characters", sni: `${"a".repeat(60)}.`.repeat(5) },
  { name: "a long label", sni: `${"a".repeat(64)}.test` },
  { name: "a wildcard", sni: "*.test" },
  { name: "a bare star", sni: "*" },
  { name: "a NUL", sni: "allowed.test\0.other.test" },
  { name: "an IPv4 literal", sni: "127.0.0.1" },
  { name: "an IPv6 literal", sni: "::1" },
  { name: "a decimal address", sni: "2130706433" },
  { name: "a hexadecimal address", sni: "0x7f.1" },
  { name: "a blank", sni: "allowed.test " },
  { name: "a line end", sni: "allowed.test\r\n" },
  { name: "bytes beyond ASCII", sni: "allowed\u00e9.test" },
  { name: "a Kelvin sign", sni: "allowed.tes\u212a" },
  { name: "the stand-in for no name", sni: "-" },
  { name: "the resource of the trusted roots", sni: "trust/upstream" },
  { name: "the resource of a credential", sni: "secret/default/upstream/token" },
  { name: "the resource of an OTLP header", sni: "otlp/default/egress/authorization" },
];

/** Extension of Encrypted ClientHello, with the outer form and random bytes: RFC 9849 section 5. */
const encryptedClientHello = {
  type: 0xfe0d,
  value: Buffer.concat([
    Buffer.from("0000010001170020", "hex"),
    Buffer.alloc(32, 7),
    Buffer.from("0010", "hex"),
    Buffer.alloc(16, 9),
  ]),
};

/** Every malformed name and some that lie, by every way in. */
export const serverName: Technique = {
  name: "server-name",
  about: "SNI malformed, an address, missing, or with ECH",
  prepare: async (rig) => {
    const { run, entrances, explicit } = await rig.gateway("strict");
    const dialled = { host: "allowed.test", port: 443 };
    let served = 0;
    const noted = (answer: string) => {
      if (answer === "served") served += 1;
      return answer;
    };
    const ech = encodeClientHello("unlisted.test", [encryptedClientHello]);
    return {
      control: () =>
        arrives(rig, "allowed.test", async () =>
          textOf(await travel(explicit, secureJourney(run.ca, { host: "allowed.test" }))),
        ),
      isForbidden: () => true,
      attempts: entrances.flatMap((entrance) => [
        ...malformedServerNames.map(({ name, sni }) =>
          attempt(`${entrance.name} ${name}`, async () =>
            noted(await sendClientHello(await entrance.open(dialled), encodeClientHello(sni))),
          ),
        ),
        // Answered with a certificate for the outer name, and refused as a request to it would be.
        attempt(`${entrance.name} ECH around an unlisted name`, async () =>
          sendClientHello(await entrance.open({ host: "unlisted.test", port: 443 }), ech),
        ),
        attempt(`${entrance.name} a whole session without a name`, async () => {
          const socket = await tlsOver(await entrance.open(dialled), { ca: run.ca });
          socket.destroy();
          return noted("served");
        }),
      ]),
      countMore: () => served,
    };
  },
};
