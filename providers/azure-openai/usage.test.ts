import t from "tap";
import { anthropicOperations } from "../anthropic/usage.ts";
import { openaiOperations } from "../openai/usage.ts";
import { azureOpenaiOperations } from "./usage.ts";

t.test("azureOpenaiOperations are those of OpenAI and of Anthropic's messages", async (t) => {
  const others = [...openaiOperations, ...anthropicOperations].map(
    ({ paths, ...dialect }) => dialect,
  );
  for (const { paths, ...dialect } of azureOpenaiOperations) {
    const isKnown = others.some((other) => JSON.stringify(other) === JSON.stringify(dialect));
    t.ok(isKnown, paths.join(" "));
  }
});

t.test("azureOpenaiOperations has every operation of OpenAI under /openai/v1", async (t) => {
  const paths = azureOpenaiOperations.flatMap((operation) => operation.paths);
  for (const operation of openaiOperations) {
    for (const path of operation.paths) t.ok(paths.includes(`/openai${path}`), path);
  }
});
