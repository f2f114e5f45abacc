/** Names asked for behind the gateway's back: DNS over HTTPS, over TLS and over TCP, and what QUIC becomes without UDP. */
import { encodeClientHello } from "../../harness/client-hello.ts";
import { requestThrough } from "../../harness/agent-requests.ts";
import { exchange } from "../../harness/entrance.ts";
import { arrives, sendInTunnel, textOf } from "../attack-bytes.ts";
import { attempt } from "../technique.ts";
import type { Technique } from "../technique.ts";

/** A query for `secret.unlisted.test`, type A: RFC 1035 section 4. */
const query = Buffer.from(
  "00010100000100000000000006736563726574" + "08756e6c6973746564" + "0474657374" + "0000010001",
  "hex",
);

/** Length before it, as over TCP and TLS: RFC 7766 section 8. */
const streamQuery = Buffer.concat([Uint8Array.of(0, query.length), query]);

/** First byte of a long header, version 1, and connection ids: RFC 9000 section 17.2. */
const quicInitial = Buffer.concat([Buffer.from("c00000000108", "hex"), Buffer.alloc(1_194, 1)]);

const resolvers = ["dns.google", "cloudflare-dns.com", "mask.icloud.com"];

/** Public resolvers are hosts like all others: without a rule they hear nothing. */
export const hiddenDns: Technique = {
  name: "hidden-dns",
  about: "DoH by GET and POST, DoT, DNS over TCP, QUIC",
  prepare: async (rig) => {
    const { run, entrances } = await rig.gateway("strict");
    const message = {
      "content-type": "application/dns-message",
      accept: "application/dns-message",
    };
    const encoded = query.toString("base64url");
    return {
      control: () =>
        arrives(rig, "allowed.test", async () =>
          textOf(
            await requestThrough(run, "https://allowed.test/sink", {
              method: "POST",
              headers: message,
              body: query,
            }),
          ),
        ),
      isForbidden: () => true,
      attempts: [
        ...resolvers.flatMap((host) => [
          attempt(`POST to ${host}`, async () =>
            textOf(
              await requestThrough(run, `https://${host}/dns-query`, {
                method: "POST",
                headers: message,
                body: query,
              }),
            ),
          ),
          attempt(`GET of ${host}`, async () =>
            textOf(await requestThrough(run, `https://${host}/dns-query?dns=${encoded}`)),
          ),
          attempt(`JSON of ${host}`, async () =>
            textOf(await requestThrough(run, `https://${host}/resolve?name=secret.unlisted.test`)),
          ),
          attempt(`QUIC to ${host} in a tunnel`, () =>
            sendInTunnel(run, `${host}:443`, quicInitial),
          ),
          ...entrances.flatMap((entrance) => [
            attempt(`${entrance.name} TLS to ${host}:853`, async () => {
              const socket = await entrance.open({ host, port: 853 });
              return (await exchange(socket, encodeClientHello(host), { deadlineMs: 1_000 })).text;
            }),
            attempt(`${entrance.name} TCP to ${host}:53`, async () => {
              const socket = await entrance.open({ host, port: 53 });
              return (await exchange(socket, streamQuery, { deadlineMs: 1_000 })).text;
            }),
          ]),
        ]),
        attempt("a query to the port of an allowed host", () =>
          sendInTunnel(run, "allowed.test:853", streamQuery),
        ),
      ],
    };
  },
};
