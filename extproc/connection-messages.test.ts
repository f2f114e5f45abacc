/** Tests of what Envoy asks about connections: read and written as protobufjs has it, and refused where it is broken. */
import t from "tap";
import { envoy } from "../gateway/proto/gen/extproc.js";
import {
  connectionAllowed,
  decodeConnectionQuestion,
  encodeConnectionRefusal,
} from "./connection-messages.ts";
import { seededRandom } from "./testdata/random.ts";

const { RateLimitRequest, RateLimitResponse } = envoy.service.ratelimit.v3;

function encode(entries: readonly { key: string; value: string }[]): Buffer {
  const message = { domain: "clrk", descriptors: [{ entries: [...entries] }], hitsAddend: 1 };
  return Buffer.from(RateLimitRequest.encode(message).finish());
}

function decode(bytes: Buffer) {
  return decodeConnectionQuestion(bytes, 0, bytes.length);
}

t.test("decodeConnectionQuestion() reads what Envoy was told to send", async (t) => {
  const caller = "TaskAgent\u001fdefault\u001fa\u001fu\u001fr\u001f";
  const bytes = encode([
    { key: "plan", value: "764c67dc32de8fc9" },
    { key: "caller", value: caller },
  ]);
  t.same(
    [...decode(bytes)],
    [
      ["plan", "764c67dc32de8fc9"],
      ["caller", caller],
    ],
  );
  const framed = Buffer.concat([Buffer.alloc(5, 0xff), bytes, Buffer.alloc(3, 0xff)]);
  t.same(decodeConnectionQuestion(framed, 5, 5 + bytes.length), decode(bytes));
  t.same([...decode(Buffer.alloc(0))], []);
});

t.test(
  "decodeConnectionQuestion() refuses what is cut, and never fails in another way",
  async (t) => {
    const bytes = encode([{ key: "plan", value: "x".repeat(40) }]);
    const random = seededRandom(3);
    for (let end = 0; end < bytes.length; end++) {
      const changed = Buffer.from(bytes.subarray(0, end));
      if (end > 0) changed[random.below(end)] = random.below(256);
      for (const sample of [bytes.subarray(0, end), changed]) {
        try {
          decode(sample);
        } catch (error) {
          t.match(error, { code: "CLRK_MALFORMED_MESSAGE" });
        }
      }
    }
    t.throws(() => decode(bytes.subarray(0, 20)), { code: "CLRK_MALFORMED_MESSAGE" });
  },
);

t.test("answers say what Envoy reads", async (t) => {
  t.equal(RateLimitResponse.decode(connectionAllowed).overallCode, RateLimitResponse.Code.OK);
  const refusal = encodeConnectionRefusal("refusal", "clrk_denied{rate-limited}");
  const { overallCode, dynamicMetadata } = RateLimitResponse.decode(refusal);
  t.equal(overallCode, RateLimitResponse.Code.OVER_LIMIT);
  t.equal(dynamicMetadata?.fields["refusal"]?.stringValue, "clrk_denied{rate-limited}");
});
