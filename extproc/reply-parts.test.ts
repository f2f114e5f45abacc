/** Tests of the parts of replies, and that their bound holds. */
import t from "tap";
import { envoy } from "../gateway/proto/gen/extproc.js";
import { ProtobufWriter } from "./protobuf-writer.ts";
import { replyBound, writeHeaderChanges, writeTransactionId } from "./reply-parts.ts";
import { randomChanges } from "./testdata/random-changes.ts";
import { seededRandom } from "./testdata/random.ts";

const { ProcessingResponse, TrailersResponse } = envoy.service.ext_proc.v3;

t.test("replyBound() is never less than what is written", async (t) => {
  const writer = new ProtobufWriter();
  const random = seededRandom(9);
  let tightest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 2_000; round++) {
    const changes = randomChanges(random);
    const id = "日".repeat(random.below(200));
    const bound = replyBound(changes, id);
    writer.begin(bound + 1_000);
    writeTransactionId(writer, id);
    writeHeaderChanges(writer, 2, changes);
    tightest = Math.min(tightest, bound - writer.finish().length);
  }
  // What a reply holds besides: a few blocks around these parts and the modes.
  t.ok(tightest >= 40, `${tightest} bytes left`);
});

t.test("writeHeaderChanges() writes nothing for no change", async (t) => {
  const writer = new ProtobufWriter();
  writer.begin(10);
  writeHeaderChanges(writer, 1, { set: [], remove: [] });
  t.equal(writer.finish().length, 0);
});

t.test("writeHeaderChanges() keeps the order of both lists", async (t) => {
  const writer = new ProtobufWriter();
  writer.begin(1_000);
  writeHeaderChanges(writer, 1, {
    set: [
      ["b", "1"],
      ["a", "2"],
      ["b", "3"],
    ],
    remove: ["z", "y"],
  });
  const { headerMutation } = TrailersResponse.decode(writer.finish());
  t.strictSame(
    headerMutation?.setHeaders.map(({ header }) => header?.key),
    ["b", "a", "b"],
  );
  t.strictSame(headerMutation?.removeHeaders, ["z", "y"]);
});

for (const id of ["", "1", "01JTN7Q0Z3M8Y5W2V4X6A9B1CD", "é".repeat(100)]) {
  t.test(`writeTransactionId() writes ${JSON.stringify(id.slice(0, 30))} as clrk:id`, async (t) => {
    const writer = new ProtobufWriter();
    writer.begin(1_000);
    writeTransactionId(writer, id);
    const { dynamicMetadata } = ProcessingResponse.decode(writer.finish());
    const fields = dynamicMetadata?.fields["clrk"]?.structValue?.fields;
    t.same(Object.keys(dynamicMetadata?.fields ?? {}), ["clrk"]);
    t.equal(fields?.["id"]?.stringValue, id);
  });
}
