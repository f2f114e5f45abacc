import t from "tap";
import { findOpenAiModel, openAiModels, unknownOpenAiModel } from "./openai-model.ts";
import { jsonOf } from "./fake-request.ts";

t.test(
  "findOpenAiModel() finds by alias and by dated name, for the operation asked",
  async (test) => {
    test.equal(findOpenAiModel("gpt-4o")?.snapshot, "gpt-4o-2024-08-06");
    test.equal(findOpenAiModel("gpt-4o-2024-08-06")?.id, "gpt-4o");
    test.equal(findOpenAiModel("gpt-4o", "embedding"), undefined);
    test.equal(findOpenAiModel("text-embedding-3-large", "embedding")?.dimensions, 3_072);
    test.equal(findOpenAiModel("constructor"), undefined);
  },
);

t.test("openAiModels has no name twice", async (test) => {
  test.equal(new Set(openAiModels.map(({ id }) => id)).size, openAiModels.length);
});

t.test("unknownOpenAiModel() is a 404 that names the model", async (test) => {
  const reply = unknownOpenAiModel("x");
  test.equal(reply.status, 404);
  test.match(jsonOf(reply), { error: { message: /`x` does not exist/, code: "model_not_found" } });
});
