import t from "tap";
import { toolUseId } from "./tool-use-id.ts";

const pattern = /^[a-zA-Z0-9_-]{1,64}$/;

t.test("toolUseId() leaves ids that Converse takes", async (t) => {
  for (const id of ["a", "tooluse_kZJMlvQmRJ6eAyJE5GIl7Q", "call_1-2", "x".repeat(64)]) {
    t.equal(toolUseId(id), id);
  }
});

const others = [
  "",
  "call.1",
  "call:1",
  "functions.f:0",
  "ä",
  "a b",
  "x".repeat(65),
  "日本語",
  "\n",
];

for (const id of others) {
  t.test(`toolUseId() makes one of ${JSON.stringify(id.slice(0, 20))}`, async (t) => {
    t.match(toolUseId(id), pattern);
    t.equal(toolUseId(id), toolUseId(id), "always the same");
    t.equal(toolUseId(toolUseId(id)), toolUseId(id), "and kept when it comes back");
  });
}

t.test("toolUseId() makes different ones of different ids", async (t) => {
  const long = Array.from({ length: 500 }, (_, index) => `${"x".repeat(80)}${index}`);
  const ids = [...others, ...long, "call_1", "call/1"];
  t.equal(new Set(ids.map(toolUseId)).size, ids.length);
});
