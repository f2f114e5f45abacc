/** The bench's policy really compiles to what the benchmark says that it measures. */
import t from "tap";
import { createBenchPolicy } from "./extproc-policy.ts";

t.test(
  "createBenchPolicy() has 200 rules that read tokens, each with a plan and a path",
  async (t) => {
    const { compiled, gateway, paths, routes } = createBenchPolicy();
    t.equal(compiled.snapshot.gateways.length, 1);
    t.equal(routes.length, 200);
    t.equal(new Set(routes.map(({ prefix }) => prefix)).size, 200);
    t.equal(new Set(routes.map(({ planId }) => planId)).size, 200);
    t.equal(new Set(routes.map(({ name }) => name.split("/")[3])).size, 50);
    for (const [index, { name, planId, prefix }] of routes.entries()) {
      t.ok(paths[index]?.startsWith(prefix) && prefix.endsWith("/"), name);
      t.match(planId, /^[0-9a-f]{16}$/);
    }
    const plans = gateway.hosts.flatMap(({ rules }) => rules.map(({ engine }) => engine));
    t.ok(plans.every((plan) => plan?.meters === true));
    const ids = new Set(plans.map((plan) => plan?.id));
    t.ok(routes.every(({ planId }) => ids.has(planId)));
  },
);
