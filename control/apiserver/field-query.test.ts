/** Tests of field selectors: equality, escapes, what is not served. */
import t from "tap";
import { metadataFields, parseFieldQuery } from "./field-query.ts";

const fields = {
  ...metadataFields,
  reason: (object: Readonly<Record<string, unknown>>) => String(object["reason"]),
};
const object = {
  apiVersion: "v1",
  kind: "Event",
  metadata: { name: "a", namespace: "n" },
  reason: "a,b=c",
};

t.test("parseFieldQuery() matches and tells the one name that is asked for", async (t) => {
  const cases: [string, boolean][] = [
    ["", true],
    ["metadata.name=a", true],
    ["metadata.name==a,metadata.namespace=n", true],
    ["metadata.name=b", false],
    ["metadata.name!=b", true],
    ["reason=a\\,b\\=c", true],
    ["reason=", false],
  ];
  for (const [text, wanted] of cases)
    t.equal(parseFieldQuery(text, fields).matches(object), wanted, text);
  t.match(parseFieldQuery("metadata.name=a,metadata.namespace=n", fields), {
    name: "a",
    namespace: "n",
  });
  t.equal(parseFieldQuery("metadata.name!=a", fields).name, undefined);
});

t.test("parseFieldQuery() refuses other fields and other forms", async (t) => {
  for (const [text, message] of [
    ["spec.x=1", /^field label not supported: spec\.x$/],
    ["constructor=1", /^field label not supported/],
    ["metadata.name", /^invalid selector/],
    ["metadata.name>1", /^invalid selector/],
    [Array.from({ length: 33 }, () => "reason=x").join(","), /33 terms/],
  ] as const) {
    t.throws(() => parseFieldQuery(text, fields), { code: 400, message }, text);
  }
});
