/** What is made from the kinds: one CRD for each stored kind, one page for each kind. */
import t from "tap";
import { generatedFiles } from "./generated-files.ts";
import { kinds } from "./kinds.ts";

t.test(
  "generatedFiles() has a CRD for each stored kind of our group, and a page for each kind",
  (t) => {
    const paths = [...generatedFiles().keys()];
    const own = kinds.filter(({ group }) => group !== "");
    t.strictSame(
      paths.filter((path) => path.startsWith("crds/")),
      own.filter(({ stored }) => stored).map(({ plural }) => `crds/${plural}.yaml`),
    );
    t.equal(paths.filter((path) => path.startsWith("docs/reference/")).length, own.length + 1);
    t.ok(paths.includes("docs/reference/egress-http-route.md"));
    t.ok(paths.includes("docs/reference/ai-provider-route.md"));
    t.ok(paths.includes("docs/reference/egress-l4-route.md"));
    t.end();
  },
);

t.test("generatedFiles() is the same each time", (t) => {
  t.same(generatedFiles(), generatedFiles());
  t.end();
});
