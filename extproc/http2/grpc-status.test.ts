/** Tests of how a server says its status. */
import t from "tap";
import {
  encodeHttpStatus,
  encodeTrailers,
  encodeTrailersOnly,
  RESPONSE_HEADERS,
} from "./grpc-status.ts";
import { HpackDecoder } from "./hpack-decoder.ts";

function read(block: Buffer): string[] {
  const list = new HpackDecoder(65_536).decode(block, 0, block.length);
  return list?.fields.map(({ name, value }) => `${name}: ${value}`) ?? [];
}

const statusMessage = (message: string) => read(encodeTrailers(2, message))[1];

t.test("the blocks say what gRPC wants", async (t) => {
  t.strictSame(read(RESPONSE_HEADERS), [":status: 200", "content-type: application/grpc"]);
  t.strictSame(read(encodeTrailers(0)), ["grpc-status: 0"]);
  t.strictSame(read(encodeTrailers(16)), ["grpc-status: 16"]);
  t.strictSame(read(encodeTrailers(0, "fine")), ["grpc-status: 0", "grpc-message: fine"]);
  t.strictSame(read(encodeTrailersOnly(12, "no")), [
    ":status: 200",
    "content-type: application/grpc",
    "grpc-status: 12",
    "grpc-message: no",
  ]);
  t.strictSame(read(encodeHttpStatus(415)), [":status: 415"]);
});

const messages: readonly { message: string; encoded: string }[] = [
  { message: "plain, with ~ and !", encoded: "plain, with ~ and !" },
  { message: "100 %", encoded: "100 %25" },
  { message: "line\r\nline\0", encoded: "line%0D%0Aline%00" },
  { message: "grün 日", encoded: "gr%C3%BCn %E6%97%A5" },
  { message: " a ", encoded: "%20a%20" },
  { message: "\u007f", encoded: "%7F" },
];

for (const { message, encoded } of messages) {
  t.test(`encodeTrailers() writes ${JSON.stringify(message)}`, async (t) => {
    t.equal(statusMessage(message), `grpc-message: ${encoded}`);
    t.equal(decodeURIComponent(encoded), message);
  });
}

t.test("encodeTrailers() cuts a long message", async (t) => {
  t.equal(statusMessage("x".repeat(5_000)), `grpc-message: ${"x".repeat(1_024)}`);
});
