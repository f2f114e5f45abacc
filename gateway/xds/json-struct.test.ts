/** Tests JSON as a protobuf Struct: every type, order of keys, and names that objects inherit. */
import t from "tap";
import { google } from "../proto/gen/xds.js";
import { encodeStruct } from "./json-struct.ts";

t.test("encodeStruct() keeps every type and the order of keys", async (t) => {
  t.same(encodeStruct({ b: null, a: [1, "x", true, { deep: [] }], c: { d: false } }), {
    fields: {
      b: { nullValue: 0 },
      a: {
        listValue: {
          values: [
            { numberValue: 1 },
            { stringValue: "x" },
            { boolValue: true },
            { structValue: { fields: { deep: { listValue: { values: [] } } } } },
          ],
        },
      },
      c: { structValue: { fields: { d: { boolValue: false } } } },
    },
  });
  t.same(Object.keys(encodeStruct({ b: 1, a: 2 }).fields ?? {}), ["b", "a"]);
});

t.test("encodeStruct() takes names that objects inherit", async (t) => {
  const value = JSON.parse('{"__proto__":"x","constructor":"y"}');
  const { fields } = encodeStruct(value);
  t.same(Object.keys(fields ?? {}), ["__proto__", "constructor"]);
  const decoded = google.protobuf.Struct.decode(google.protobuf.Struct.encode({ fields }).finish());
  t.equal(decoded.fields["constructor"]?.stringValue, "y");
});
