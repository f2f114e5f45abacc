/**
 * PROXY protocol v2 at the transparent listener of a real Envoy: only a header that is right in every part, says who
 * calls and leads to what a rule allows lets bytes through, and those are exactly the bytes behind it.
 */

import { createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import {
  encodeLocalHeader,
  encodeMalformedHeader,
  encodeProxyHeader,
  identityTlv,
  malformations,
} from "../../harness/proxy-protocol-header.ts";
import type { ProxyHeader } from "../../harness/proxy-protocol-header.ts";
import { openTcp } from "../../harness/proxy-protocol-client.ts";
import { gatewaySnapshot, l4Rule } from "../../../gateway/testdata/gateway-snapshot.ts";
import type { Random } from "../../../extproc/testdata/random.ts";
import type { Finding, FuzzTarget } from "../fuzz-target.ts";
import { openEnvoy } from "./fuzzed-envoy.ts";
import type { FuzzedEnvoy } from "./fuzzed-envoy.ts";

/** Stands in inputs for the port of the upstream, which differs from run to run. */
const portMark = 0xc0de;
const HEADER_BYTES = 16;
const signature = Buffer.from("0d0a0d0a000d0a515549540a", "hex");
// Beside other work Envoy may have to wait for its turn: what hangs, hangs for longer.
const patienceMs = 20_000;
const refusedWrongly = "a header that is right is refused";
/** What must follow a header for Envoy to tell that it is neither TLS nor HTTP. */
const shownBytes = 5;

/** Headers, and what follows them, on real connections. */
export const proxyProtocolTarget: FuzzTarget = {
  name: "proxy-protocol",
  promise: "nothing passes without a whole header with an identity; Envoy lives",
  covers: [],
  maxInputBytes: 4_096,
  // Waiting for the other processes is no CPU time, and a connection is.
  maxCpuMs: 250,
  words: [signature, Buffer.from([0xe2, 0, 1, 0x61]), Buffer.from([0xe0, 0, 0]), "\0hello"],
  seeds,
  invent: (random) => inventHeader(random),
  async open() {
    const envoy = await openEnvoy();
    const upstream = await openUpstream();
    await envoy.rig.publish(
      gatewaySnapshot({
        listeners: [{ name: "tcp", shape: "tcp" }],
        l4Rules: [l4Rule({ cidrs: [{ cidr: "127.0.0.1/32", namesGuarded: true }] })],
      }),
    );
    return {
      check: (input) => exchange(envoy, upstream, input),
      async close() {
        upstream.server.close();
        await envoy.close();
      },
    };
  },
};

const caller: ProxyHeader = {
  source: { address: "10.1.2.3", port: 40_000 },
  destination: { address: "127.0.0.1", port: portMark },
  identity: { agentKind: "TaskAgent", agentNamespace: "default", agentName: "a" },
};

function seeds(): Buffer[] {
  const hello = Buffer.from("\0hello");
  return [
    Buffer.concat([encodeProxyHeader(caller), hello]),
    Buffer.concat([encodeProxyHeader({ ...caller, identity: {} }), hello]),
    Buffer.concat([encodeLocalHeader(), hello]),
    hello,
    ...malformations.map((one) => Buffer.concat([encodeMalformedHeader(caller, one), hello])),
  ];
}

function inventHeader(random: Random): Buffer {
  const extraTlvs = Array.from({ length: random.below(3) }, () => ({
    type: random.pick([0x01, 0x02, 0x04, 0x20, 0xe0, 0xe2, 0xe6, 0xef]),
    value: random.bytes(random.pick([0, 1, 40, 300])),
  }));
  const ipv6 = {
    source: { address: "2001:db8::1", port: 1 },
    destination: { address: "::1", port: portMark },
  };
  const addresses = random.below(4) === 0 ? ipv6 : caller;
  return Buffer.concat([
    encodeProxyHeader({ ...caller, ...addresses, extraTlvs }),
    Buffer.from("\0hello"),
  ]);
}

interface Upstream {
  readonly server: Server;
  readonly port: number;
  /** What came on each connection since it was last taken */
  take(): Buffer[];
  /** Resolves once so many bytes came on a connection since then */
  receive(bytes: number): Promise<void>;
}

/** Takes what comes, and answers when the other side has ended. */
function openUpstream(): Promise<Upstream> {
  let received: Buffer[] = [];
  let wanted = { bytes: Number.POSITIVE_INFINITY, resolve: () => {} };
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const at = received.push(Buffer.alloc(0)) - 1;
    const own = received;
    socket.on("data", (chunk: Buffer) => {
      const all = Buffer.concat([own[at] ?? Buffer.alloc(0), chunk]);
      own[at] = all;
      if (all.length >= wanted.bytes) wanted.resolve();
    });
    socket.on("end", () => socket.end("seen"));
    socket.on("error", () => socket.destroy());
  });
  const take = () => {
    const taken = received;
    received = [];
    return taken;
  };
  const receive = (bytes: number) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    wanted = { bytes, resolve };
    return promise;
  };
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      resolve({ server, port, take, receive });
    });
  });
}

async function exchange(envoy: FuzzedEnvoy, upstream: Upstream, input: Buffer): Promise<Finding> {
  const bytes = withPort(input, upstream.port);
  const wanted = readStrictly(bytes, upstream.port);
  upstream.take();
  let answer: string | undefined;
  try {
    const isEarly = wanted === undefined || wanted.length < shownBytes;
    // An end that comes with the first bytes can overtake Envoy's look at them.
    const ready = isEarly ? Promise.resolve() : upstream.receive(wanted.length);
    answer = await converse(envoy.rig.transparentPort, bytes, ready);
  } catch (error) {
    return `the listener takes no connection: ${error instanceof Error ? error.message : ""}`;
  }
  if (!envoy.isAlive()) return "Envoy ended";
  const seen = upstream.take();
  if (answer === undefined) return `the connection is not closed within ${patienceMs} ms`;
  if (wanted === undefined) return seen.length === 0 ? undefined : "the upstream is dialled";
  if (seen.length > 1) return "the upstream is dialled twice";
  const [body] = seen;
  // What the connection is called, and one that ends before it shows what it speaks, may be refused for that.
  if (body === undefined) {
    const mayBeRefused = wanted.length < shownBytes || hasName(bytes) || isFromNobody(bytes);
    return mayBeRefused ? undefined : refusedWrongly;
  }
  return body.equals(wanted)
    ? undefined
    : "other bytes reach the upstream than stand behind the header";
}

/** Whether a TLV may say which name the connection is for. */
function hasName(bytes: Buffer): boolean {
  return bytes.includes(identityTlv.destinationName, HEADER_BYTES);
}

/** Envoy takes no connection whose source is no unicast address: unspecified, broadcast or multicast. */
function isFromNobody(bytes: Buffer): boolean {
  const isVersion6 = (bytes[HEADER_BYTES - 3] ?? 0) >> 4 === 2;
  const source = bytes.subarray(HEADER_BYTES, HEADER_BYTES + (isVersion6 ? 16 : 4));
  const isUnspecified = source.every((byte) => byte === 0);
  const [first = 0] = source;
  if (isVersion6) return isUnspecified || first === 0xff;
  const isBroadcast = source.every((byte) => byte === 0xff);
  return isUnspecified || isBroadcast || first >> 4 === 0xe;
}

/** Puts the upstream's port where the mark stands as the destination's. */
function withPort(input: Buffer, port: number): Buffer {
  const bytes = Buffer.from(input);
  for (const at of [HEADER_BYTES + 10, HEADER_BYTES + 34]) {
    if (at + 2 <= bytes.length && bytes.readUInt16BE(at) === portMark)
      bytes.writeUInt16BE(port, at);
  }
  return bytes;
}

/** What the peer says until it closes; undefined when it does not in time. */
async function converse(
  port: number,
  bytes: Buffer,
  ready: Promise<void>,
): Promise<string | undefined> {
  const socket = await openTcp({ address: "127.0.0.1", port });
  const chunks: Buffer[] = [];
  const closed = new Promise<true>((resolve) => socket.once("close", () => resolve(true)));
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.write(bytes);
  void ready.then(() => socket.end());
  const stop = new AbortController();
  const isClosed = await Promise.race([
    closed,
    sleep(patienceMs, false, { signal: stop.signal }).catch(() => false),
  ]);
  stop.abort();
  socket.destroy();
  return isClosed ? Buffer.concat(chunks).toString("latin1") : undefined;
}

/** The bytes behind a header that is right, says who calls and leads to the upstream; undefined for every other. */
function readStrictly(bytes: Buffer, port: number): Buffer | undefined {
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, signature.length).equals(signature))
    return undefined;
  if (bytes[12] !== 0x21) return undefined;
  // Envoy takes the datagram form of IPv4 for its stream form; IPv6 does not lead to the upstream.
  const addressBytes = [0x11, 0x12].includes(bytes[13] ?? 0) ? 12 : undefined;
  const length = bytes.readUInt16BE(14);
  const end = HEADER_BYTES + length;
  if (addressBytes === undefined || length < addressBytes || end > bytes.length) return undefined;
  const destination = [...bytes.subarray(HEADER_BYTES + 4, HEADER_BYTES + 8)].join(".");
  if (destination !== "127.0.0.1" || bytes.readUInt16BE(HEADER_BYTES + 10) !== port)
    return undefined;
  const isIdentified = hasIdentity(bytes.subarray(HEADER_BYTES + addressBytes, end));
  return isIdentified ? bytes.subarray(end) : undefined;
}

/** Whether all TLVs are whole, namespace and name are there, and no part holds what divides parts and lines. */
function hasIdentity(bytes: Buffer): boolean {
  const values = new Map<number, Buffer>();
  for (let at = 0; at < bytes.length; ) {
    if (at + 3 > bytes.length) return false;
    const end = at + 3 + bytes.readUInt16BE(at + 1);
    if (end > bytes.length) return false;
    const type = bytes[at] ?? 0;
    // Of a value that is there twice Envoy takes the first.
    if (!values.has(type)) values.set(type, bytes.subarray(at + 3, end));
    at = end;
  }
  const isName = (type: number) => {
    const value = values.get(type) ?? Buffer.alloc(0);
    return value.length > 0 && value.every((byte) => byte > 0x1f);
  };
  // Line feed, and what divides the parts of a caller and the fields of a line
  const isClean = (type: number) =>
    (values.get(type) ?? Buffer.alloc(0)).every((byte) => ![0x0a, 0x1e, 0x1f].includes(byte));
  return isName(0xe1) && isName(0xe2) && [0xe0, 0xe3, 0xe4, 0xe5].every(isClean);
}
