/** Tests of changes of JSON. */
import t from "tap";
import { seededRandom } from "../../extproc/testdata/random.ts";
import { mutateJson, mutateValue, writeOddly } from "./json-mutations.ts";

const value = { model: "m", messages: [{ role: "user", content: "Hi" }], n: 1, "": null };

t.test("mutateValue() leaves its value alone and gives what JSON can write", async (t) => {
  const before = structuredClone(value);
  const random = seededRandom(2);
  const made = new Set<string>();
  for (let round = 0; round < 2_000; round++) {
    made.add(JSON.stringify(mutateValue(value, before, random)));
  }
  t.same(value, before);
  t.ok(made.size > 1_000, `${made.size} different`);
});

t.test("writeOddly() writes mostly JSON, and keys that come twice", async (t) => {
  const random = seededRandom(3);
  let parsed = 0;
  let repeated = 0;
  for (let round = 0; round < 500; round++) {
    const text = writeOddly(value, random).toString("utf8");
    if (/"model":1,/.test(text)) repeated++;
    try {
      JSON.parse(text);
      parsed++;
    } catch {
      // Numbers with a leading zero are none.
    }
  }
  t.ok(parsed > 400, `${parsed} are JSON`);
  t.ok(repeated > 10, `${repeated} repeat a key`);
});

t.test("mutateJson() has nothing to say of what is no JSON", async (t) => {
  t.equal(mutateJson(Buffer.from("{"), seededRandom(1)), undefined);
  t.ok(mutateJson(Buffer.from('{"a":1}'), seededRandom(1)));
});
