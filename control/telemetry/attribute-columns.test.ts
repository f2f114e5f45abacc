/** Tests of attributes as text with types: nothing of a value is lost. */
import t from "tap";
import { attributeColumns, readAttributes } from "./attribute-columns.ts";
import type { OtlpAttribute } from "./attribute-columns.ts";

const attributes: readonly OtlpAttribute[] = [
  { key: "__proto__", value: { stringValue: "not a prototype" } },
  { key: "bool", value: { boolValue: false } },
  { key: "bytes", value: { bytesValue: "AAE=" } },
  { key: "double", value: { doubleValue: 0.25 } },
  { key: "int", value: { intValue: "9223372036854775807" } },
  { key: "list", value: { arrayValue: { values: [{ stringValue: "a" }, { intValue: "1" }] } } },
  { key: "map", value: { kvlistValue: { values: [{ key: "k", value: { boolValue: true } }] } } },
  { key: "nan", value: { doubleValue: "NaN" } },
  { key: "text", value: { stringValue: "7" } },
];

t.test("values of every type come back as they were", async (t) => {
  const { texts, types } = attributeColumns(attributes);
  t.same(readAttributes(texts, types), attributes);
  t.equal(types["text"], undefined, "text has no type");
});

t.test("of a key that comes twice the last counts", async (t) => {
  const { texts, types } = attributeColumns([
    { key: "a", value: { intValue: "1" } },
    { key: "a", value: { stringValue: "b" } },
  ]);
  t.same(readAttributes(texts, types), [{ key: "a", value: { stringValue: "b" } }]);
});
