/**
 * The stand-in for a sandbox: hands over connections as a sandbox would that captured them, with a PROXY v2 header that
 * says who calls and what was dialled. Reads `clrk status -o json` from standard input.
 */

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { get } from "node:http";
import { connect as connectTcp, isIPv4 } from "node:net";
import type { Socket } from "node:net";
import { text } from "node:stream/consumers";
import { connect as connectTls } from "node:tls";

interface Status {
  readonly processes: readonly {
    readonly gateways: readonly {
      readonly transparent?: { readonly address: string; readonly port: number };
      readonly trust: { readonly bundle: string };
    }[];
  }[];
}

/** Who calls: type of each TLV and its text. A real sandbox takes them from what it runs, never from the agent. */
const identity: readonly (readonly [type: number, value: string])[] = [
  [0xe0, "TaskAgent"],
  [0xe1, "research"],
  [0xe2, "reader"],
  [0xe3, "5f0c7f66-0000-4000-8000-000000000001"],
  [0xe4, "reader-00007"],
  [0xe5, "0197a1c2-0000-7000-8000-000000000002"],
];

const status: Status = JSON.parse(readFileSync(0, "utf8"));
const gateway = status.processes.flatMap(({ gateways }) => gateways).find((one) => one.transparent);
if (gateway?.transparent === undefined) {
  throw new Error("Cannot find a transparent listener: start clrk dev with --transparent PORT");
}
const listener = gateway.transparent;
const ca = readFileSync(gateway.trust.bundle);

for (const host of ["en.wikipedia.org", "paste.example"]) {
  console.log(`${host}: ${await ask(host)}`);
}

async function ask(host: string): Promise<string> {
  // What the sandbox's resolver gave out for the name; the gateway looks names up by itself.
  const socket = await capture({ address: "203.0.113.7", port: 443, name: host });
  const secure = connectTls({ socket, servername: host, ca });
  await once(secure, "secureConnect");
  const asked = get({ path: "/wiki/Envoy", headers: { host }, createConnection: () => secure });
  const [response] = await once(asked, "response");
  const body = await text(response);
  secure.destroy();
  const reason = response.headers["x-clrk-deny-reason"];
  return reason === undefined
    ? `${response.statusCode}`
    : `${response.statusCode} ${reason} ${body}`;
}

async function capture(dialled: { address: string; port: number; name: string }): Promise<Socket> {
  const socket = connectTcp({ host: listener.address, port: listener.port });
  await once(socket, "connect");
  socket.write(proxyHeader(dialled));
  return socket;
}

/** https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt, section 2.2: TCP over IPv4, then TLVs. */
function proxyHeader(dialled: { address: string; port: number; name: string }): Buffer {
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(40_000, 0);
  ports.writeUInt16BE(dialled.port, 2);
  const tlvs = [...identity, [0xe6, dialled.name] as const].map(([type, value]) =>
    tlv(type, value),
  );
  const payload = Buffer.concat([octets("198.51.100.7"), octets(dialled.address), ports, ...tlvs]);
  const head = Buffer.from("0d0a0d0a000d0a515549540a" + "2111" + "0000", "hex");
  head.writeUInt16BE(payload.length, 14);
  return Buffer.concat([head, payload]);
}

function octets(address: string): Buffer {
  if (!isIPv4(address)) throw new RangeError(`Cannot encode "${address}": wanted an IPv4 address`);
  return Buffer.from(address.split(".").map(Number));
}

function tlv(type: number, value: string): Buffer {
  const bytes = Buffer.from(value, "utf8");
  return Buffer.concat([Buffer.from([type, bytes.length >> 8, bytes.length & 0xff]), bytes]);
}
