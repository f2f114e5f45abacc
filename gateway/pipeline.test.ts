/** Tests the order of policies, and that a plan is asked of none that has nothing to say. */
import t from "tap";
import type { Policy } from "./pipeline.ts";
import { policies, policiesFor } from "./pipeline.ts";
import { enginePlan, query } from "./testdata/gateway-snapshot.ts";

t.test("policies have names of their own, write secrets late, and count last", async (t) => {
  const names = policies.map(({ name }) => name);
  t.same(names, [...new Set(names)]);
  t.same(names.slice(-2), ["query-credential", "rate-limit"]);
});

t.test("policiesFor() takes those that apply, in their order", async (t) => {
  const asked: string[] = [];
  const policy = (name: string, applies: boolean): Policy => ({
    name,
    applies: ({ id }) => {
      asked.push(`${name} ${id}`);
      return applies;
    },
    evaluate: () => t.fail("not evaluated for a plan") as never,
  });
  const list = [policy("a", true), policy("b", false), policy("c", true)];
  const found = policiesFor(enginePlan({ id: "x" }), list);
  t.same(
    found.map(({ name }) => name),
    ["a", "c"],
  );
  t.same(asked, ["a x", "b x", "c x"], "once a plan");
});

t.test("policiesFor() of plans", async (t) => {
  const namesOf = (...parts: Parameters<typeof policiesFor>) =>
    policiesFor(...parts).map(({ name }) => name);
  t.same(namesOf(enginePlan()), ["trace-context"]);
  const use = query("gemini");
  const queryCredentials = use.kind === "query" ? [use] : [];
  t.same(namesOf(enginePlan({ queryCredentials })), ["trace-context", "query-credential"]);
  t.same(namesOf(enginePlan({ queryCredentials }), []), []);
});
