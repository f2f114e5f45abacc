import t from "tap";
import { findServedApi } from "../translation.ts";
import { geminiGenerateContent } from "./generate-content-codec.ts";
import { servedByThinking } from "./served-models.ts";

const api = {
  codec: geminiGenerateContent,
  modelIn: "path",
  path: () => "/v1",
  headers: [],
} as const;
const served = servedByThinking(api);

for (const { model, lacks } of [
  { model: "gemini-2.5-pro", lacks: [] },
  { model: "gemini-2.5-flash-lite", lacks: [] },
  { model: "gemini-3-pro-preview", lacks: [] },
  { model: "gemini-flash-latest", lacks: [] },
  { model: "gemini-2.0-flash", lacks: ["reasoning", "reasoning-visible"] },
  { model: "gemma-3-27b-it", lacks: ["reasoning", "reasoning-visible"] },
  { model: "my-tuned-model", lacks: ["reasoning", "reasoning-visible"] },
]) {
  t.test(`servedByThinking() serves ${model} in one way`, async (t) => {
    const ways = served.filter(({ serves }) => serves?.(model) === true);
    t.equal(ways.length, 1);
    t.equal(findServedApi(served, geminiGenerateContent, model), ways[0]);
    t.same([...(ways[0]?.lacks ?? [])], lacks);
  });
}

t.test("servedByThinking() changes nothing else of the API", async (t) => {
  for (const { serves: _, lacks: __, ...rest } of served) t.same(rest, api);
});
