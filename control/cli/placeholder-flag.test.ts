/** Which variable gets which placeholder. */
import t from "tap";
import { parsePlaceholderFlag, placeholderVariables } from "./placeholder-flag.ts";

const known = [
  { namespace: "default", name: "openai", key: "token", placeholder: "sk-one", policies: ["p"] },
  { namespace: "team", name: "openai", key: "api-key", placeholder: "sk-two", policies: ["p"] },
];

t.test("parsePlaceholderFlag() reads a variable, a Secret and its key", async (t) => {
  t.same(parsePlaceholderFlag("OPENAI_API_KEY=openai"), {
    variable: "OPENAI_API_KEY",
    namespace: "default",
    name: "openai",
    key: "token",
  });
  t.same(parsePlaceholderFlag("A=team/openai:api-key"), {
    variable: "A",
    namespace: "team",
    name: "openai",
    key: "api-key",
  });
});

for (const text of ["", "A", "A=", "1A=openai", "A=openai:", "A=a/b/c", "A=UPPER", "A\u001b=x"]) {
  t.test(`parsePlaceholderFlag() refuses ${JSON.stringify(text)}`, async (t) => {
    t.throws(() => parsePlaceholderFlag(text), {
      message:
        /^Cannot use placeholder ".*": wanted VARIABLE=NAME\[:KEY\] such as OPENAI_API_KEY=openai$/,
    });
  });
}

t.test("placeholderVariables() looks each one up", async (t) => {
  const flags = ["A=openai", "B=team/openai:api-key"].map(parsePlaceholderFlag);
  t.same({ ...placeholderVariables(flags, known) }, { A: "sk-one", B: "sk-two" });
  t.throws(() => placeholderVariables([parsePlaceholderFlag("A=other")], known), {
    message:
      'Cannot set A: no rule takes a placeholder for key "token" of Secret default/other\nSee all: clrk get placeholders; a CredentialInjectionPolicy with target Placeholder makes one',
  });
});
