import t from "tap";
import {
  alternatingDomain,
  answerAttackName,
  fixedNames,
  rebindingDomain,
} from "./attack-names.ts";

t.test("answerAttackName() changes what a rebinding name is", async (test) => {
  const answers = [1, 2, 3].map((count) => answerAttackName(`a.${rebindingDomain}`, count));
  test.same(
    answers.map((it) => it?.addresses),
    [["203.0.113.20"], ["127.0.0.1"], ["127.0.0.1"]],
  );
  const name = `a.${alternatingDomain}`;
  test.not(answerAttackName(name, 1)?.addresses[0], answerAttackName(name, 2)?.addresses[0]);
});

t.test("answerAttackName() knows every fixed name, and no other", async (test) => {
  for (const name of fixedNames) test.ok(answerAttackName(name, 1), name);
  test.equal(answerAttackName("unknown.test", 1), undefined);
});
