/** Captured connections whose dialled address, name TLV and server name belong to different hosts. */
import { capturedCaller, exchange } from "../../harness/entrance.ts";
import { httpOver, tlsOver } from "../../harness/http-over-socket.ts";
import { openWithProxyHeader } from "../../harness/proxy-protocol-client.ts";
import { arrives, head, textOf } from "../attack-bytes.ts";
import { attempt } from "../technique.ts";
import type { Technique } from "../technique.ts";

/** Names for the TLV that are not the allowed host. */
const names = [
  "unlisted.test",
  "other.test",
  "x.allowed.test",
  "allowed.test.evil.test",
  "127.0.0.1",
];

/** Name in the TLV against SNI and Host; address that leads inside under an allowed name. */
export const transparentName: Technique = {
  name: "transparent-name",
  about: "captured: address, name TLV and SNI disagree",
  prepare: async (rig) => {
    const { run, gateway } = await rig.gateway("strict");
    const listener = await gateway.transparent();
    const open = (address: string, port: number, destinationName: string | undefined) =>
      openWithProxyHeader(listener, {
        source: { address: address.includes(":") ? "2001:db8::7" : "198.51.100.7", port: 40_000 },
        destination: { address, port },
        identity: { ...capturedCaller, ...(destinationName !== undefined && { destinationName }) },
      });
    const secure = async (address: string, port: number, name: string | undefined) => {
      const raw = await open(address, port, name);
      const socket = await tlsOver(raw, { servername: "allowed.test", ca: run.ca });
      try {
        return textOf(await httpOver(socket, { path: "/bytes/10", authority: "allowed.test" }));
      } finally {
        socket.destroy();
      }
    };
    const plain = async (address: string, port: number, name: string | undefined) => {
      const request = head("GET /bytes/10 HTTP/1.1", "Host: plain.test");
      return (await exchange(await open(address, port, name), request)).text;
    };
    return {
      control: () => arrives(rig, "allowed.test", () => secure("203.0.113.9", 443, "ALLOWED.test")),
      isForbidden: () => true,
      attempts: [
        ...names.map((name) =>
          attempt(`TLS with the name ${name}`, () => secure("203.0.113.9", 443, name)),
        ),
        ...names.map((name) =>
          attempt(`plain HTTP with the name ${name}`, () => plain("203.0.113.9", 80, name)),
        ),
        attempt("TLS to another port", () => secure("203.0.113.9", 8443, "allowed.test")),
        attempt("plain HTTP to another port", () => plain("203.0.113.9", 8080, "plain.test")),
        ...["127.0.0.1", "::1", "169.254.169.254"].map((address) =>
          attempt(`raw bytes to ${address} under an allowed name`, async () => {
            const socket = await open(address, rig.trap.port, "allowed.test");
            return (await exchange(socket, "\0raw")).text;
          }),
        ),
      ],
    };
  },
};
