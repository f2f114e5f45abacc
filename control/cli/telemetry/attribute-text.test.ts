import t from "tap";
import { readAttributeTexts, valueText } from "./attribute-text.ts";

t.test("valueText() writes every kind of value, and bounds their depth", (t) => {
  t.equal(valueText({ stringValue: "a" }), "a");
  t.equal(valueText({ intValue: "9007199254740993" }), "9007199254740993");
  t.equal(valueText({ boolValue: false }), "false");
  t.equal(valueText({ bytesValue: "AAEC" }), "<3 bytes binary>");
  t.equal(valueText({ arrayValue: { values: [{ intValue: 1 }, { stringValue: "b" }] } }), "[1, b]");
  t.equal(
    valueText({ kvlistValue: { values: [{ key: "k", value: { doubleValue: 0.5 } }] } }),
    "{k: 0.5}",
  );
  let deep: object = { stringValue: "x" };
  for (let level = 0; level < 100; level++) deep = { arrayValue: { values: [deep] } };
  t.equal(valueText(deep), "[[[[[[[[[…]]]]]]]]]");
  for (const value of [undefined, null, 7, {}, { stringValue: {} }, { other: 1 }]) {
    t.equal(valueText(value), "");
  }
  t.strictSame(readAttributeTexts({ attributes: "x" }), []);
  t.end();
});
