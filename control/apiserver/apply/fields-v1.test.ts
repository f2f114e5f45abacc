import t from "tap";
import { equalSets, fieldSetOfPaths, pathsOf } from "./field-set.ts";
import { encodeFields, tryDecodeFields } from "./fields-v1.ts";
import { fieldsOf } from "./owned-fields.ts";
import { randomWidget, seededRandom } from "./testdata/random-widget.ts";
import { widgetSchema } from "./testdata/widget.ts";

t.test("encodeFields() marks members that have an inside", (t) => {
  const set = fieldSetOfPaths([
    ["f:spec"],
    ["f:spec", "f:b"],
    ["f:spec", "f:list", 'k:{"name":"a"}'],
    ["f:spec", "f:list", 'k:{"name":"a"}', "f:name"],
    ["f:spec", "f:tags", 'v:"x"'],
  ]);
  t.same(encodeFields(set), {
    "f:spec": {
      ".": {},
      "f:b": {},
      "f:list": { 'k:{"name":"a"}': { ".": {}, "f:name": {} } },
      "f:tags": { 'v:"x"': {} },
    },
  });
  t.end();
});

t.test("tryDecodeFields() of encodeFields() is the same set", (t) => {
  for (let seed = 0; seed < 300; seed++) {
    const set = fieldsOf(randomWidget(seededRandom(seed), "a", true), widgetSchema);
    const decoded = tryDecodeFields(JSON.parse(JSON.stringify(encodeFields(set))));
    t.ok(decoded && equalSets(decoded, set), `seed ${seed}`);
  }
  t.end();
});

t.test("tryDecodeFields() takes other spellings of one element for the same", (t) => {
  const set = tryDecodeFields({ "f:a": { 'k:{ "b" : 1, "a":"x" }': {}, 'v: "y"': {} } });
  t.same(set && pathsOf(set), [
    ["f:a", 'k:{"a":"x","b":1}'],
    ["f:a", 'v:"y"'],
  ]);
  t.end();
});

t.test("tryDecodeFields() refuses what is no set", (t) => {
  const deep = JSON.parse(`${'{"f:a":'.repeat(500)}{}${"}".repeat(500)}`);
  for (const value of [undefined, null, [], "x", deep]) t.equal(tryDecodeFields(value), undefined);
  for (const key of [
    "a",
    "x:a",
    "k:",
    "k:[]",
    "k:{",
    'k:{"a":{}}',
    "v:",
    "v:{}",
    "i:x",
    "i:-1",
    "",
  ]) {
    t.equal(tryDecodeFields({ [key]: {} }), undefined, key);
  }
  t.equal(tryDecodeFields({ "f:a": 1 }), undefined);
  t.end();
});
