/** Captured connections to addresses inside, whatever name comes with them and whatever they carry. */
import { encodeClientHello } from "../../harness/client-hello.ts";
import { capturedCaller, exchange } from "../../harness/entrance.ts";
import { openWithProxyHeader } from "../../harness/proxy-protocol-client.ts";
import type { Endpoint } from "../../harness/proxy-protocol-header.ts";
import { arrives, head } from "../attack-bytes.ts";
import { attempt } from "../technique.ts";
import type { Attempt, Technique } from "../technique.ts";
import { ownIpv4Addresses } from "./inside-address.ts";

/** Destinations inside, with names and bytes, as attempts on a transparent listener; `port` is where something listens. */
export function insideCaptures(listener: Endpoint, port: number): readonly Attempt[] {
  const destinations = [
    { address: "127.0.0.1", port },
    { address: "0.0.0.0", port },
    { address: "169.254.169.254", port: 80 },
    ...ownIpv4Addresses().map((address) => ({ address, port })),
    { address: "::1", port },
    { address: "::", port },
    { address: "64:ff9b::7f00:1", port },
    { address: "fd00:ec2::254", port: 80 },
  ];
  const bytes: readonly (readonly [string, string | Uint8Array])[] = [
    ["raw bytes", "\0raw"],
    ["nothing", ""],
    ["TLS to localhost", encodeClientHello("localhost")],
    ["TLS without a name", encodeClientHello()],
    ["plain HTTP", head("GET / HTTP/1.1", "Host: x.invalid")],
  ];
  return destinations.flatMap((destination) =>
    ["", "localhost", "outside.invalid"].flatMap((destinationName) =>
      bytes.map(([name, sent]) =>
        attempt(`${name} to ${destination.address} as "${destinationName}"`, async () => {
          const isIpv6 = destination.address.includes(":");
          const socket = await openWithProxyHeader(listener, {
            source: { address: isIpv6 ? "2001:db8::7" : "198.51.100.7", port: 40_000 },
            destination,
            identity: { ...capturedCaller, ...(destinationName && { destinationName }) },
          });
          return (await exchange(socket, sent, { deadlineMs: 1_500 })).text;
        }),
      ),
    ),
  );
}

/** The same guard by the other way in. */
export const insideCaptured: Technique = {
  name: "inside-captured",
  about: "captured connections to loopback, link and private addresses",
  prepare: async (rig) => {
    const { gateway, transparent } = await rig.gateway("open");
    return {
      control: () =>
        arrives(rig, "plain.test", async () => {
          const socket = await transparent.open({ host: "plain.test", port: 80 });
          const request = head("GET /bytes/10 HTTP/1.1", "Host: plain.test");
          return (await exchange(socket, request)).text;
        }),
      attempts: insideCaptures(await gateway.transparent(), rig.trap.port),
    };
  },
};
