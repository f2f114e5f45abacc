/**
 * CPU time of one gRPC call in our HTTP/2 server without sockets: connections are given the bytes of Envoy's calls from
 * memory, and their answers are thrown away.
 *
 * `node bench/load/http2-cost.ts [messages] [bytes]`: messages of one call, and bytes of one; default 2 and 600.
 */
import { Http2Connection } from "../../extproc/http2/connection.ts";
import { createCounters } from "../../extproc/http2/counters.ts";
import { createRequestOpener } from "../../extproc/http2/grpc-requests.ts";
import { createLimits } from "../../extproc/http2/limits.ts";
import { CLIENT_PREFACE, ERROR, FLAG, FRAME } from "../../extproc/http2/protocol.ts";
import { systemClock } from "../../gateway/clock.ts";

const path = "/envoy.service.ext_proc.v3.ExternalProcessor/Process";
const calls = 20_000;
const callsPerRead = 8;
const rounds = 25;

/** A typical answer: one header set, one removed. */
const answer = Buffer.alloc(80, 1);

const [messages = 2, messageBytes = 600] = process.argv.slice(2).map(Number);
const chunks = conversation(messages, messageBytes);
let bestNs = Number.POSITIVE_INFINITY;
for (let round = 0; round < rounds; round++) bestNs = Math.min(bestNs, measure(chunks));
console.log(`${messages} × ${messageBytes} bytes: ${Math.round(bestNs)} ns a call`);

/** Time of one call in `ns`, over all of a new connection. */
function measure(reads: readonly Buffer[]): number {
  const counters = createCounters();
  const limits = createLimits();
  const onError = (error: unknown) => console.error(error);
  const openStream = createRequestOpener({
    methods: new Map([
      [
        path,
        (stream) => ({
          onMessage: () => stream.send(answer),
          onHalfClose() {},
          onClose() {},
        }),
      ],
    ]),
    limits,
    onError,
  });
  const sink = { isCongested: false, write: () => true, end() {}, destroy() {} };
  const clock = systemClock;
  const connection = new Http2Connection({ sink, openStream, limits, counters, clock, onError });
  connection.start();
  const startNs = process.hrtime.bigint();
  for (const chunk of reads) connection.receive(chunk);
  const tookNs = Number(process.hrtime.bigint() - startNs);
  if (counters.totalStreams !== calls || counters.resetStreams !== calls) {
    throw new Error(`Cannot measure: ${counters.totalStreams} calls, wanted ${calls}`);
  }
  return tookNs / calls;
}

/** What Envoy sends: headers, mostly from the dynamic table, messages, and a reset when it is done. */
function conversation(count: number, bytes: number): Buffer[] {
  const message = Buffer.alloc(5 + bytes, 1);
  message.writeUIntBE(bytes, 0, 5);
  const settings = uint32s(0x0004_1000, 0x0000_0000).subarray(0, 6);
  const reads = [
    Buffer.concat([
      Buffer.from(CLIENT_PREFACE, "latin1"),
      frame(FRAME.settings << 8, 0, settings),
      frame(FRAME.windowUpdate << 8, 0, uint32s(0x7000_0000)),
    ]),
  ];
  for (let first = 0; first < calls; first += callsPerRead) {
    const parts: Buffer[] = [];
    for (let call = first; call < first + callsPerRead; call++) {
      const id = call * 2 + 1;
      parts.push(frame((FRAME.headers << 8) | FLAG.endHeaders, id, headerBlock(call === 0)));
      for (let each = 0; each < count; each++) parts.push(frame(FRAME.data << 8, id, message));
      parts.push(frame(FRAME.rstStream << 8, id, uint32s(ERROR.CANCEL)));
    }
    reads.push(Buffer.concat(parts));
  }
  return reads;
}

/** The first one puts seven fields into the dynamic table, the others are nine indexes. */
function headerBlock(isFirst: boolean): Buffer {
  const fields = [
    [":path", path],
    [":authority", "clrk-engine"],
    ["te", "trailers"],
    ["content-type", "application/grpc"],
    ["x-envoy-internal", "true"],
    ["x-forwarded-for", "10.0.0.1"],
    ["x-clrk-plan", "0123456789abcdef"],
  ];
  const method = Buffer.of(0x83, 0x86);
  const oldest = 0x80 + 61 + fields.length;
  if (!isFirst)
    return Buffer.concat([method, Buffer.from(fields.map((_, index) => oldest - index))]);
  const literals = fields.map(([name = "", value = ""]) =>
    Buffer.concat([
      Buffer.of(0x40, name.length),
      Buffer.from(name),
      Buffer.of(value.length),
      Buffer.from(value),
    ]),
  );
  return Buffer.concat([method, ...literals]);
}

function frame(kind: number, streamId: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt16BE(kind, 3);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

function uint32s(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
}
