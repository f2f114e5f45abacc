/** Ids depend on content and on nothing else. */
import t from "tap";
import { planId } from "./plan-id.ts";

t.test("planId() is the digest of the plan as JSON with sorted keys", async (t) => {
  // printf '{"a":{"c":[{"e":2,"f":null}],"d":"x"},"b":1}' | sha256sum
  t.equal(planId({ b: 1, a: { d: "x", c: [{ f: null, e: 2 }] } }), "1a0584f8dcc94900");
});

t.test("planId() does not depend on the order of keys", async (t) => {
  t.equal(planId({ a: 1, b: { c: 2, d: 3 } }), planId({ b: { d: 3, c: 2 }, a: 1 }));
});

const base = { a: ["x", "y"], b: { c: 1 } };
const others: readonly { readonly name: string; readonly plan: object }[] = [
  { name: "another value", plan: { a: ["x", "y"], b: { c: 2 } } },
  { name: "another order of a list", plan: { a: ["y", "x"], b: { c: 1 } } },
  { name: "another key", plan: { a: ["x", "y"], b: { d: 1 } } },
  { name: "one more key", plan: { a: ["x", "y"], b: { c: 1 }, e: false } },
  { name: "values put together", plan: { a: ["x,y"], b: { c: 1 } } },
  { name: "a number as text", plan: { a: ["x", "y"], b: { c: "1" } } },
];

for (const { name, plan } of others) {
  t.test(`planId() differs with ${name}`, async (t) => {
    t.not(planId(plan), planId(base));
  });
}
