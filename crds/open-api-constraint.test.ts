/** Small words for CEL. */
import t from "tap";
import { cel, celField, keysFit } from "./open-api-constraint.ts";

t.test("celField() escapes what CEL reserves", (t) => {
  t.strictSame(["name", "namespace", "in", "type"].map(celField), [
    "self.name",
    "self.__namespace__",
    "self.__in__",
    "self.type",
  ]);
  t.end();
});

t.test("cel() and keysFit() give a rule with what is said when it does not hold", (t) => {
  t.same(cel("self > 1", "more"), { rule: "self > 1", message: "more" });
  t.same(keysFit("^a$", "keys are a"), {
    rule: 'self.all(key, key.matches(r"""^a$"""))',
    message: "keys are a",
  });
  t.end();
});
