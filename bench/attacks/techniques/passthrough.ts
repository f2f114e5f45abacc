/** TLS that is passed through undecrypted to one name: other names, no name, and the name at another address. */
import { encodeClientHello, sendClientHello } from "../../harness/client-hello.ts";
import { capturedCaller } from "../../harness/entrance.ts";
import { tlsOver } from "../../harness/http-over-socket.ts";
import { openWithProxyHeader } from "../../harness/proxy-protocol-client.ts";
import { attempt } from "../technique.ts";
import type { Technique } from "../technique.ts";

/** Server names with which a port that passes `pass.test` through stays closed. */
export const passthroughHellos: readonly {
  readonly name: string;
  readonly sni: string | undefined;
}[] = [
  { name: "a name that no rule allows", sni: "other.test" },
  { name: "a name that only HTTP allows", sni: "allowed.test" },
  { name: "no name", sni: undefined },
  { name: "a name with a NUL", sni: "pass.test\0" },
  { name: "a name below the allowed one", sni: "x.pass.test" },
  { name: "a name that only begins so", sni: "pass.test.other.test" },
];

/** Connections at the allowed upstream are what counts: a handshake that is not finished makes no request. */
export const passthrough: Technique = {
  name: "passthrough",
  about: "passed-through TLS under another name or to another address",
  prepare: async (rig) => {
    const { gateway, explicit } = await rig.gateway("raw");
    const listener = await gateway.transparent();
    const { tls } = rig.allowed;
    const captured = (address: string) =>
      openWithProxyHeader(listener, {
        source: { address: "198.51.100.7", port: 40_000 },
        destination: { address, port: tls.port },
        identity: capturedCaller,
      });
    const say = async (sni: string | undefined, address: string) =>
      sendClientHello(await captured(address), encodeClientHello(sni));
    const hellos = [
      ...passthroughHellos,
      { name: "a final dot", sni: "unlisted.test." },
      { name: "a public resolver", sni: "dns.google" },
    ];
    let served = 0;
    const noted = (answer: string) => {
      if (answer === "served") served += 1;
      return answer;
    };
    return {
      control: async () => {
        const raw = await captured("127.0.0.1");
        const socket = await tlsOver(raw, { servername: "pass.test", ca: rig.allowed.upstreamCa });
        const { issuer } = socket.getPeerCertificate();
        socket.destroy();
        return String(issuer.CN).startsWith("Harness upstream authority");
      },
      countMore: () => served,
      attempts: [
        ...hellos.flatMap(({ name, sni }) => [
          attempt(`captured: ${name}`, async () => noted(await say(sni, "127.0.0.1"))),
          attempt(`in a tunnel: ${name}`, async () => {
            const socket = await explicit.open({ host: "127.0.0.1", port: tls.port });
            return noted(await sendClientHello(socket, encodeClientHello(sni)));
          }),
        ]),
        attempt("the allowed name at another address", async () =>
          noted(await say("pass.test", "127.0.0.2")),
        ),
        attempt("the allowed name in a tunnel to another", async () => {
          const socket = await explicit.open({ host: "other.test", port: tls.port });
          return noted(await sendClientHello(socket, encodeClientHello("pass.test")));
        }),
      ],
    };
  },
};
