/** YAML that says the same as the JSON it is made from; that a YAML reader agrees is tested where one may be used. */
import t from "tap";
import { formatYaml } from "./yaml-text.ts";

t.test("formatYaml() writes blocks, and leaves out what is undefined", (t) => {
  const value = { a: { b: [1, { c: null, d: undefined }], e: [], f: {} }, "x-y": [[true]] };
  t.equal(
    formatYaml(value),
    `a:
  b:
    - 1
    - c: null
  e: []
  f: {}
x-y:
  - - true
`,
  );
  t.end();
});

for (const [value, written] of [
  ["plain words", "plain words"],
  ["clrk.apoxy.dev/v1alpha1", "clrk.apoxy.dev/v1alpha1"],
  ["", '""'],
  ["true", '"true"'],
  ["No", '"No"'],
  ["1", '"1"'],
  ["a: b", '"a: b"'],
  ["a #b", '"a #b"'],
  ["a ", '"a "'],
  ["a\nb", '"a\\nb"'],
  ["^x$", '"^x$"'],
] as const) {
  t.test(`formatYaml() writes ${JSON.stringify(value)} so that it stays text`, (t) => {
    t.equal(formatYaml({ v: value }), `v: ${written}\n`);
    t.end();
  });
}

t.test("formatYaml() throws for what is no JSON", (t) => {
  const message = "Cannot format a function as YAML: it is no JSON";
  t.throws(() => formatYaml({ a: () => 1 }), new TypeError(message));
  t.end();
});
