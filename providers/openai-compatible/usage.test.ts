import t from "tap";
import { compatibleOperations } from "./usage.ts";

t.test("compatibleOperations has no path for two operations", async (t) => {
  const paths = compatibleOperations.flatMap((operation) => operation.paths);
  t.equal(new Set(paths).size, paths.length);
});

t.test("compatibleOperations has every operation below every base path", async (t) => {
  const [chat, ...others] = compatibleOperations;
  const bases = chat?.paths.map((path) => path.replace("/chat/completions", ""));
  for (const { paths } of others) {
    t.strictSame(
      paths.map((path) => path.replace(/\/(?:completions|responses|embeddings)$/, "")),
      bases,
    );
  }
});
