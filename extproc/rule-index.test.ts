/** Tests that the index finds what comparing one rule after another finds. */
import t from "tap";
import { matchesCall } from "../gateway/model-match.ts";
import type { RoutedRule } from "../gateway/routing-plan.ts";
import { RuleIndex } from "./rule-index.ts";
import { seededRandom } from "./testdata/random.ts";
import { routedRule } from "./testdata/routing.ts";

function oracle(rules: readonly RoutedRule[], paths: readonly string[], model: string | null) {
  return rules.find((rule) => paths.some((path) => matchesCall(rule, { path, model })));
}

t.test("find() agrees with comparing all rules in their order", async (t) => {
  const random = seededRandom(41);
  const pieces = ["", "a", "b", "ab", "*", "?", "**", "gpt-", "😀", "mini"];
  const text = (most: number) =>
    Array.from({ length: random.below(most) + 1 }, () => random.pick(pieces)).join("");
  const plain = (most: number) => text(most).replaceAll(/[*?]/g, "");
  let found = 0;
  for (let run = 0; run < 300; run++) {
    const rules = Array.from({ length: random.below(60) }, (_, ruleIndex) => {
      const models = Array.from({ length: random.below(4) }, () => text(4)).filter(Boolean);
      const isAny = random.below(20) === 0;
      const endpoints = random.below(3) === 0 ? [random.pick(["/v1/*", "/v2/*"])] : [];
      return { ...routedRule([]), ruleIndex, endpoints, models: isAny ? [] : [...models, "x"] };
    });
    const index = new RuleIndex(rules);
    for (let ask = 0; ask < 60; ask++) {
      const paths = random.below(2) === 0 ? ["/v1/chat"] : ["/v2/%41", "/v2/A"];
      const model = random.below(8) === 0 ? null : plain(4);
      const expected = oracle(rules, paths, model);
      if (expected !== undefined) found++;
      if (index.find(paths, model) !== expected) {
        t.fail(`run ${run}: ${JSON.stringify({ paths, model, expected })}`);
        return;
      }
    }
  }
  t.ok(found > 1_000, `${found} calls had a rule`);
});

t.test("find() takes the first of several rules, whatever their globs look like", async (t) => {
  const globs = ["*-mini", "gpt-*", "gpt-4o-mini", "*4o*", "gpt-*-mini"];
  const filler = Array.from({ length: 20 }, (_, at) => `filler-${at}`);
  for (let turn = 0; turn < globs.length; turn++) {
    const order = [...globs.slice(turn), ...globs.slice(0, turn)];
    const rules = [...filler, ...order].map((glob) => ({ ...routedRule([]), models: [glob] }));
    t.equal(new RuleIndex(rules).find(["/"], "gpt-4o-mini")?.models[0], order[0]);
  }
});
