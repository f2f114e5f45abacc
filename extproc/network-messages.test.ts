/** Tests of the messages of the network filter: against generated code, and on what must be refused. */
import t from "tap";
import { envoy } from "../gateway/proto/gen/extproc.js";
import { decodeNetworkRequest, encodeNetworkReply, networkCloseReply } from "./network-messages.ts";
import { seededRandom } from "./testdata/random.ts";
import { recordedCases } from "./testdata/recorded-cases.ts";
import { readRecording } from "./testdata/recording.ts";
import { block, number, tag } from "./testdata/wire-fields.ts";

const { ProcessingRequest, ProcessingResponse } = envoy.service.network_ext_proc.v3;
const { ConnectionStatus, DataProcessedStatus } = ProcessingResponse;
const { Metadata } = envoy.config.core.v3;

function decode(bytes: Buffer) {
  return decodeNetworkRequest(bytes, 0, bytes.length);
}

function plain({ direction, data, endOfStream }: ReturnType<typeof decode>) {
  return { direction, data: data.toString("hex"), endOfStream };
}

const fields = { read: "readData", write: "writeData" } as const;

for (const direction of ["read", "write"] as const) {
  t.test(`decodeNetworkRequest() and encodeNetworkReply() pass ${direction} data on`, async (t) => {
    const random = seededRandom(2);
    for (let round = 0; round < 300; round++) {
      const data = random.bytes(random.below(300));
      const endOfStream = random.below(2) === 0;
      const bytes = Buffer.from(
        ProcessingRequest.encode({
          [fields[direction]]: { data, endOfStream },
          metadata: random.below(2) === 0 ? { filterMetadata: { a: { fields: {} } } } : null,
        }).finish(),
      );
      const message = decode(bytes);
      t.same(plain(message), { direction, data: data.toString("hex"), endOfStream });
      const reply = ProcessingResponse.decode(encodeNetworkReply(message));
      const sent = reply[fields[direction]];
      t.ok(Buffer.from(sent?.data ?? "").equals(data));
      t.equal(sent?.endOfStream, endOfStream);
      t.equal(reply[fields[direction === "read" ? "write" : "read"]], null);
      t.equal(reply.dataProcessingStatus, DataProcessedStatus.UNMODIFIED);
      t.equal(reply.connectionStatus, ConnectionStatus.CONTINUE);
    }
  });
}

t.test("encodeNetworkReply() says what let a connection pass through Envoy", async (t) => {
  const phases = recordedCases.find(({ name }) => name === "network")?.phases ?? [];
  const recorded = readRecording("network");
  t.strictSame([...new Set(recorded.map(({ message }) => decode(message).direction))], phases);
  for (const { message, reply } of recorded) {
    t.equal(encodeNetworkReply(decode(message)).toString("hex"), reply.toString("hex"));
  }
});

t.test("decodeNetworkRequest() reads a message in the middle of a buffer", async (t) => {
  const message = block(1, block(1, "abc"), number(2, 1));
  const buffer = Buffer.concat([Buffer.alloc(7, 0xff), message, Buffer.alloc(7, 0xff)]);
  const found = decodeNetworkRequest(buffer, 7, 7 + message.length);
  t.same(plain(found), { direction: "read", data: "616263", endOfStream: true });
  t.equal(found.data.buffer, buffer.buffer);
});

t.test("decodeNetworkRequest() merges data that comes in parts", async (t) => {
  const bytes = Buffer.concat([
    block(1, block(1, "old"), number(2, 1), number(9, 5)),
    block(3, Metadata.encode({}).finish()),
    block(1, block(1, "new")),
  ]);
  const oracle = ProcessingRequest.decode(bytes).readData;
  t.same(plain(decode(bytes)), { direction: "read", data: "6e6577", endOfStream: true });
  t.equal(Buffer.from(oracle?.data ?? "").toString(), "new");
  t.equal(oracle?.endOfStream, true);
});

const rejected: ReadonlyArray<{ name: string; bytes: Buffer; detail: string }> = [
  { name: "nothing", bytes: Buffer.alloc(0), detail: "no data is there" },
  { name: "metadata only", bytes: block(3), detail: "no data is there" },
  {
    name: "both directions",
    bytes: Buffer.concat([block(1), block(2)]),
    detail: "two directions are there",
  },
  { name: "data as a number", bytes: number(1, 1), detail: "a known field has another type" },
  {
    name: "bytes as a number",
    bytes: block(1, number(1, 1)),
    detail: "a known field has another type",
  },
  {
    name: "a flag as a block",
    bytes: block(1, block(2)),
    detail: "a known field has another type",
  },
  { name: "a cut flag", bytes: block(1, tag(2, 0)), detail: "a number is cut off" },
  {
    name: "bytes past the end",
    bytes: block(1, Buffer.from([0x0a, 2, 1])),
    detail: "a length passes the end",
  },
  {
    name: "a group",
    bytes: Buffer.concat([block(1), tag(9, 3), tag(9, 4)]),
    detail: "a field has a wire type that is not read",
  },
];

for (const { name, bytes, detail } of rejected) {
  t.test(`decodeNetworkRequest() refuses ${name}`, async (t) => {
    t.throws(() => decode(bytes), {
      code: "CLRK_MALFORMED_MESSAGE",
      message: `Cannot decode message of Envoy: ${detail}`,
    });
  });
}

t.test("decodeNetworkRequest() refuses every cut message", async (t) => {
  const bytes = block(1, number(2, 1), block(1, Buffer.alloc(200, 1)));
  for (let end = 0; end < bytes.length; end++) {
    t.throws(() => decodeNetworkRequest(bytes, 0, end), { code: "CLRK_MALFORMED_MESSAGE" });
  }
});

t.test("encodeNetworkReply() takes a piece of 1 MiB", async (t) => {
  const data = Buffer.alloc(1024 * 1024, 5);
  const reply = encodeNetworkReply({ direction: "write", data, endOfStream: false });
  t.ok(Buffer.from(ProcessingResponse.decode(reply).writeData?.data ?? "").equals(data));
});

t.test("networkCloseReply closes the connection", async (t) => {
  const { connectionStatus, readData, writeData } = ProcessingResponse.decode(networkCloseReply);
  t.equal(connectionStatus, ConnectionStatus.CLOSE);
  t.strictSame([readData, writeData], [null, null]);
});
