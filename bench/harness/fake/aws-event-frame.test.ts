import { crc32 } from "node:zlib";
import t from "tap";
import { eventFrame, exceptionFrame } from "./aws-event-frame.ts";

/** Takes a frame apart by the published layout. */
function parse(bytes: Uint8Array) {
  const frame = Buffer.from(bytes);
  const headersEnd = 12 + frame.readUInt32BE(4);
  const headers: Record<string, string> = {};
  for (let at = 12; at < headersEnd; ) {
    const name = frame.toString("utf8", at + 1, at + 1 + frame.readUInt8(at));
    at += 1 + name.length;
    if (frame.readUInt8(at) !== 7) throw new Error(`Header ${name} is no string`);
    const length = frame.readUInt16BE(at + 1);
    headers[name] = frame.toString("utf8", at + 3, at + 3 + length);
    at += 3 + length;
  }
  return {
    length: frame.readUInt32BE(0),
    isPreludeRight: frame.readUInt32BE(8) === crc32(frame.subarray(0, 8)),
    isWholeRight: frame.readUInt32BE(frame.length - 4) === crc32(frame.subarray(0, -4)),
    headers,
    payload: JSON.parse(frame.toString("utf8", headersEnd, frame.length - 4)),
  };
}

t.test("eventFrame() has lengths, checksums, headers and JSON", async (test) => {
  const frame = eventFrame("messageStart", { role: "ünï" });
  test.same(parse(frame), {
    length: frame.length,
    isPreludeRight: true,
    isWholeRight: true,
    headers: {
      ":event-type": "messageStart",
      ":content-type": "application/json",
      ":message-type": "event",
    },
    payload: { role: "ünï" },
  });
});

t.test("exceptionFrame() names the exception", async (test) => {
  test.match(parse(exceptionFrame("throttlingException", { message: "m" })), {
    headers: { ":exception-type": "throttlingException", ":message-type": "exception" },
    payload: { message: "m" },
  });
});
