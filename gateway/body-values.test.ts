/** Tests of values in bodies: found, missing, and what could be read in two ways. */
import t from "tap";
import { parseArgumentPath } from "../crds/argument-path.ts";
import { findBodyValues } from "./body-values.ts";

const find = (text: string, path: string) =>
  findBodyValues(Buffer.from(text), [parseArgumentPath(path)])?.[0];

const text = (value: string) => ({ kind: "text", text: value });

const cases: readonly (readonly [body: string, path: string, values: readonly object[]])[] = [
  [' \n{"user":{"id":"a"}} ', "user.id", [text("a")]],
  ['{"user":{"id":7}}', "user.id", [{ kind: "number", text: "7" }]],
  ['{"users":[{"id":"a"},{"id":"b"}]}', "users[*].id", [text("a"), text("b")]],
  ['{"user":null}', "user", [{ kind: "null" }]],
  ['{"user":{}}', "user", [{ kind: "object" }]],
  ["{}", "user", [{ kind: "missing" }]],
  ["[]", "user", [{ kind: "astray" }]],
  ['"user"', "user", [{ kind: "astray" }]],
  ['{"user":"a","user":"b"}', "user", [{ kind: "ambiguous" }]],
  ['{"user":"a","User":"b"}', "user", [{ kind: "ambiguous" }]],
  ['{"\\u0075ser":"a"}', "user", [text("a")]],
];

for (const [body, path, values] of cases) {
  t.test(`findBodyValues() at ${path} of ${JSON.stringify(body)}`, (t) => {
    t.same(find(body, path), values);
    t.end();
  });
}

for (const body of ["", " ", "{", "user=a", '{"user":"a"} x', "\ufeff{}", "[".repeat(10_000)]) {
  t.test(`findBodyValues() takes ${JSON.stringify(body.slice(0, 20))} for no JSON`, (t) => {
    t.equal(find(body, "user"), undefined);
    t.end();
  });
}

t.test("findBodyValues() takes half a character for no JSON", (t) => {
  t.equal(findBodyValues(Buffer.from([0x22, 0xc3, 0x22]), [["a"]]), undefined);
  t.end();
});
