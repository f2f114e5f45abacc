import t from "tap";
import { plainModels, reasoningModels } from "./model-families.ts";

const rows: readonly {
  readonly model: string;
  readonly family: "plain" | "reasoning" | "unknown";
}[] = [
  { model: "gpt-3.5-turbo", family: "plain" },
  { model: "gpt-4", family: "plain" },
  { model: "gpt-4o-mini", family: "plain" },
  { model: "gpt-4.1-2025-04-14", family: "plain" },
  { model: "chatgpt-4o-latest", family: "plain" },
  { model: "gpt-5-chat-latest", family: "plain" },
  { model: "gpt-5.2-chat-latest", family: "plain" },
  { model: "ft:gpt-4o-2024-08-06:org::id", family: "plain" },
  { model: "o1", family: "reasoning" },
  { model: "o3-mini", family: "reasoning" },
  { model: "o4-mini-2025-04-16", family: "reasoning" },
  { model: "gpt-5", family: "reasoning" },
  { model: "gpt-5.2", family: "reasoning" },
  { model: "gpt-5-nano", family: "reasoning" },
  { model: "gpt-6-astra", family: "reasoning" },
  { model: "codex-mini-latest", family: "reasoning" },
  { model: "gpt-oss-120b", family: "unknown" },
  { model: "my-deployment", family: "unknown" },
  { model: "olmo-2", family: "unknown" },
  { model: "", family: "unknown" },
];

for (const { model, family } of rows) {
  t.test(`has() takes ${JSON.stringify(model)} for ${family}`, async (t) => {
    t.equal(plainModels.has(model), family === "plain");
    t.equal(reasoningModels.has(model), family === "reasoning");
  });
}
