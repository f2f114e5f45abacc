/** Tests of sources of Secrets as they come from flags and from the file together. */
import t from "tap";
import { parseSecretFlag } from "./secret-flag.ts";
import { joinSecretSpecs, maxSecretSources, secretOf } from "./secret-spec.ts";

t.test("secretOf() writes the namespace out", (t) => {
  t.same(["a=A", "b/a=A"].map(parseSecretFlag).map(secretOf), ["default/a", "b/a"]);
  t.end();
});

t.test("joinSecretSpecs() leaves a Secret that a flag names to the flags", (t) => {
  const flags = ["openai=A", "openai:org=B"].map(parseSecretFlag);
  const file = ["default/openai=C", "team/openai=D", "aws=E"].map(parseSecretFlag);
  const joined = joinSecretSpecs(flags, file);
  t.same(joined, [...flags, ...file.slice(1)]);
  t.end();
});

t.test("joinSecretSpecs() refuses more sources than are followed", (t) => {
  const flags = Array.from({ length: maxSecretSources + 1 }, (_, index) =>
    parseSecretFlag(`s${index}=A`),
  );
  t.same(joinSecretSpecs(flags.slice(1), []).length, maxSecretSources);
  t.throws(() => joinSecretSpecs(flags.slice(1), flags.slice(0, 1)), {
    code: "CLRK_INVALID_ARGUMENT",
    message:
      "Cannot use 257 sources of Secrets: at most 256 work; a folder has a file for each key",
  });
  t.end();
});
