/** Examples of the reference pages, read as a person would paste them: by a real YAML reader and the kinds. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parse } from "yaml";
import { generatedFiles, referenceFolder } from "../../crds/generated-files.ts";
import { kindExample } from "../../crds/kind-examples.ts";
import { parseAnyObject } from "../../crds/kinds.ts";
import { customResourceDefinition } from "../../crds/custom-resource-definition.ts";
import { kinds } from "../../crds/kinds.ts";
import { readCodeBlocks } from "../harness/document-blocks.ts";
import { repositoryRoot } from "./repository.ts";

const root = repositoryRoot();

for (const path of generatedFiles().keys()) {
  const text = readFileSync(join(root, path), "utf8");
  if (!path.startsWith(referenceFolder) || path.endsWith("README.md")) continue;
  t.test(`the example in ${path} is valid`, (t) => {
    const [example, ...others] = readCodeBlocks(text, "yaml").map((code): unknown => parse(code));
    t.strictSame(others, []);
    const result = parseAnyObject(example);
    t.strictSame(result.kind === "invalid" && result.problems, false);
    t.same(example, kindExample(String(Reflect.get(Object(example), "kind"))));
    t.end();
  });
}

for (const definition of kinds.filter(({ group, stored }) => group !== "" && stored)) {
  t.test(`crds/${definition.plural}.yaml is what a YAML reader takes for the definition`, (t) => {
    const text = readFileSync(join(root, `crds/${definition.plural}.yaml`), "utf8");
    t.same(parse(text), JSON.parse(JSON.stringify(customResourceDefinition(definition))));
    t.end();
  });
}
