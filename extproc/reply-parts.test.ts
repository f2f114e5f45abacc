/** Tests of the parts of replies, and that their bound holds. */
import t from "tap";
import { envoy } from "../gateway/proto/gen/extproc.js";
import { ProtobufWriter } from "./protobuf-writer.ts";
import {
  replyBound,
  wayBound,
  writeHeaderChanges,
  writeTransactionId,
  writeWay,
} from "./reply-parts.ts";
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

/** What Envoy reads of a way, and the same said by generated code. */
function ways(way: Parameters<typeof writeWay>[1]) {
  const writer = new ProtobufWriter();
  writer.begin(wayBound(way));
  writeWay(writer, way);
  const bytes = writer.finish();
  const { pick, order, call } = way;
  const name = (text: string) => ({ structValue: { fields: { name: { stringValue: text } } } });
  const fields = {
    clrk: {
      structValue: {
        fields: {
          pick: { stringValue: pick },
          ...(call !== undefined && { call: { stringValue: call } }),
        },
      },
    },
    ...(order !== undefined && {
      "clrk.order": {
        structValue: {
          fields: { priority_groups: { listValue: { values: order.map(name) } } },
        },
      },
    }),
  };
  const wanted = ProcessingResponse.encode({ dynamicMetadata: { fields } }).finish();
  const plain = (from: Uint8Array) => JSON.parse(JSON.stringify(ProcessingResponse.decode(from)));
  return { bytes, found: plain(bytes), wanted: plain(wanted) };
}

const told = [
  { name: "one way", way: { pick: "00000000000000aa" } },
  { name: "no way", way: { pick: "" } },
  { name: "an order of none", way: { pick: "p", order: [] } },
  { name: "an order of one", way: { pick: "p", order: ["a"] } },
  {
    name: "a long order",
    way: { pick: "p", order: Array.from({ length: 64 }, (_, at) => `b${at}`) },
  },
  { name: "a call", way: { pick: "é", order: ["b", "a", "b"], call: "x".repeat(65_536) } },
];
for (const { name, way } of told) {
  t.test(`writeWay() writes ${name} as Envoy's routes and cluster specifier read it`, async (t) => {
    const { found, wanted } = ways(way);
    t.same(found, wanted);
  });
}

t.test("wayBound() is never less than what is written", async (t) => {
  const random = seededRandom(4);
  for (let round = 0; round < 500; round++) {
    const text = () => "日".repeat(random.below(100));
    const order = Array.from({ length: random.below(20) }, text);
    const way = { pick: text(), order, call: text() };
    t.ok(ways(way).bytes.length <= wayBound(way), JSON.stringify(way).slice(0, 80));
  }
});
