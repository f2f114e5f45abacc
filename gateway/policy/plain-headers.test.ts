/** Tests of headers that are known to hold nothing: by which redaction, how many, how long. */
import t from "tap";
import { createValueRedactor } from "../value-redactor.ts";
import { captureHeaders } from "./capture.ts";
import { PlainHeaders } from "./plain-headers.ts";

const rules = { redactHeaders: [], redactQuery: [], injected: new Set<string>() };

t.test("find() knows what was added, of that name alone, until there are too many", (t) => {
  const plain = new PlainHeaders(rules);
  plain.add("accept", "*/*", "json");
  t.equal(plain.find("accept", "*/*"), "json");
  t.equal(plain.find("accept", "a"), undefined);
  t.equal(plain.find("x", "*/*"), undefined);
  plain.add("accept", "a".repeat(129), "json");
  t.equal(plain.find("accept", "a".repeat(129)), undefined);
  for (let value = 0; value < 511; value++) plain.add("x", String(value), "json");
  t.ok(plain.find("accept", "*/*"));
  plain.add("x", "one more", "json");
  t.equal(plain.find("accept", "*/*"), undefined);
  t.ok(plain.find("x", "one more"));
  t.end();
});

t.test("isOf() tells redactions apart", (t) => {
  const plain = new PlainHeaders(rules);
  t.ok(plain.isOf({ ...rules }));
  for (const name of ["redactHeaders", "redactQuery"] as const) {
    t.notOk(plain.isOf({ ...rules, [name]: ["a"] }));
  }
  t.notOk(plain.isOf({ ...rules, injected: new Set() }));
  t.end();
});

t.test("captureHeaders() takes out again what a later redaction asks for", (t) => {
  const redactor = createValueRedactor([]);
  const entries = [
    ["x-session", "abc"] as const,
    ["authorization", "Bearer of-the-agent"] as const,
  ];
  for (let round = 0; round < 3; round++) {
    t.same(JSON.parse(captureHeaders(entries, { ...rules, redactor })), [
      ["x-session", "abc"],
      ["authorization", "[redacted]"],
    ]);
  }
  const strict = { ...rules, redactHeaders: ["x-session"], redactor };
  for (let round = 0; round < 2; round++) {
    t.same(JSON.parse(captureHeaders(entries, strict))[0], ["x-session", "[redacted]"]);
    t.same(JSON.parse(captureHeaders(entries, { ...rules, redactor }))[0], ["x-session", "abc"]);
  }
  t.end();
});
