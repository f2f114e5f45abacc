/** Tests of header blocks as we send them: their bytes, and that they say what they should. */
import t from "tap";
import { HpackDecoder } from "./hpack-decoder.ts";
import { encodeFields } from "./hpack-encoder.ts";
import { HpackTable } from "./hpack-table.ts";

const blocks: readonly { fields: readonly (readonly [string, string])[]; hex: string }[] = [
  { fields: [], hex: "" },
  { fields: [[":status", "200"]], hex: "88" },
  { fields: [[":status", "431"]], hex: "0803343331" },
  { fields: [["content-type", "a"]], hex: "0f100161" },
  { fields: [["grpc-status", "0"]], hex: "000b677270632d7374617475730130" },
];

for (const { fields, hex } of blocks) {
  t.test(`encodeFields() writes ${JSON.stringify(fields)}`, async (t) => {
    t.equal(encodeFields(fields).toString("hex"), hex);
  });
}

t.test("encodeFields() writes what decodes to the same, and leaves the table alone", async (t) => {
  const fields = [0, 1, 126, 127, 128, 255, 256, 16_383, 16_511, 20_000].flatMap((length) => {
    return [
      ["x-long", "v".repeat(length)] as const,
      ["n".repeat(Math.max(1, length)), "\u00ff"] as const,
    ];
  });
  const table = new HpackTable();
  const block = encodeFields(fields);
  const list = new HpackDecoder(1e6, table).decode(block, 0, block.length);
  t.strictSame(
    list?.fields.map(({ name, value }) => [name, value]),
    fields,
  );
  t.equal(table.usedBytes, 0);
});
