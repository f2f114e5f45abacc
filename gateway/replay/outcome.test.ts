/** Tests of outcomes, and of what several possible ones have in common. */
import t from "tap";
import { denied, joinOutcomes, known, notKnown, nothing } from "./outcome.ts";

const route = { kind: "EgressHTTPRoute", namespace: "default", name: "web", rule: 0 };
const allowed = known({ ...nothing, verdict: "allow", route, view: "http" });
const refused = denied("no-rule", null);
const fact = { missing: "header x-team", by: "rules" };

t.test("joinOutcomes() is sure of one, and of equal ones", async (t) => {
  t.equal(joinOutcomes([allowed], fact), allowed);
  t.equal(joinOutcomes([allowed, { ...allowed }], fact), allowed);
});

t.test("joinOutcomes() names what is missing where they differ", async (t) => {
  t.match(joinOutcomes([allowed, refused], fact), {
    kind: "unknown",
    missing: "header x-team",
    verdict: null,
  });
});

t.test("joinOutcomes() is sure of the verdict where only the reason differs", async (t) => {
  const joined = joinOutcomes([refused, denied("deny-policy", route)], fact);
  t.match(joined, { kind: "unknown", verdict: "deny" });
});

t.test("joinOutcomes() tells policies apart that decide by other rules", async (t) => {
  const first = joinOutcomes([allowed, refused], fact);
  t.equal(joinOutcomes([allowed, refused], fact).signature, first.signature);
  t.not(joinOutcomes([allowed, refused], { ...fact, by: "others" }).signature, first.signature);
  t.not(joinOutcomes([refused, allowed], fact).signature, first.signature);
});

t.test("joinOutcomes() names what is missing inside where nothing else is", async (t) => {
  const inner = notKnown("model of the request", "plan");
  t.match(joinOutcomes([inner, refused], { missing: undefined, by: "" }), {
    missing: "model of the request",
  });
});

t.test("known() signs what decides, in any order of its parts", async (t) => {
  const one = { name: "Secret default/one", place: "x-key", form: "" };
  const two = { name: "Secret default/two", place: "authorization", form: "Bearer " };
  const parts = { ...nothing, verdict: "allow", route, view: "http" } as const;
  const first = known({ ...parts, credentials: [one, two] });
  t.equal(known({ ...parts, credentials: [two, one] }).signature, first.signature);
  t.not(known({ ...parts, credentials: [one] }).signature, first.signature);
});
