/** Tests of YAML bodies that are small and stand for much, or take long to read. */
import t from "tap";
import { parseJson, parseYaml } from "./request-body.ts";

const parse = (text: string) => parseYaml(Buffer.from(text));

t.test("aliases are counted written out, before anybody copies them", async (t) => {
  const list = `[${"1,".repeat(20_000)}1]`;
  const copies = (count: number) => `a: &a ${list}\nb:\n${"- *a\n".repeat(count)}`;
  t.match(await parse(copies(3)), { b: { length: 3 } });
  await t.rejects(parse(copies(99)), {
    code: 400,
    message: "the body of the request holds more than 1000000 values",
  });
  const text = `a: &a ${"x".repeat(100_000)}\nb:\n${"- *a\n".repeat(99)}`;
  await t.rejects(parse(text), { code: 413 });
  const nested = ["a: &a [1,1,1,1,1,1,1,1,1]"];
  for (const [index, name] of [..."bcdefghij"].entries()) {
    const before = "abcdefghij"[index];
    nested.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(", ")}]`);
  }
  await t.rejects(parse(nested.join("\n")), { code: 400 });
  const many = Array.from({ length: 1_001 }, (_, index) => `- &x${index} ${index}\n- *x${index}\n`);
  await t.rejects(parse(many.join("")), { code: 400, message: /no YAML document$/ });
});

t.test("many keys take no longer each than few, and none may stand twice", async (t) => {
  const keys = Array.from({ length: 60_000 }, (_, index) => `key-${index}: 1\n`);
  const started = performance.now();
  const read = await parse(keys.join(""));
  t.ok(performance.now() - started < 10_000, "read in seconds");
  t.equal(Object.keys(read as object).length, keys.length);
  for (const twice of ["a: 1\na: 2", "a: {b: 1, 'b': 2}", "- {a: 1, a: 1}", "? a\n? a"]) {
    await t.rejects(parse(twice), { code: 400 }, twice);
  }
});

t.test("YAML is shorter than JSON may be, and JSON is read in its place", async (t) => {
  const comment = `# ${"x".repeat(1024 ** 2)}\na: 1`;
  await t.rejects(parse(comment), { code: 413 });
  t.match(await parse(JSON.stringify({ a: "x".repeat(1024 ** 2) })), { a: /^x+$/ });
  t.throws(() => parseJson(Buffer.from(`[${"1,".repeat(1_000_000)}1]`)), { code: 400 });
  await t.rejects(parse("a: 1\n---\na: 2"), { code: 400 });
  t.same(await parse("a: &a {b: 1}\nc: *a"), { a: { b: 1 }, c: { b: 1 } });
});
