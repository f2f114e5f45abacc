import t from "tap";
import { anyModel, sampleModels } from "./sample-models.ts";
import { mirrorChat } from "./testdata/mirror-provider.ts";

const codec = { ...mirrorChat, name: "openai-chat" };
const api = { codec, modelIn: "body" as const, path: () => "/", headers: [] };

t.test("sampleModels() gives any model for a codec that nothing is known of", async (t) => {
  t.same(sampleModels({ served: [{ ...api, codec: mirrorChat }] }, mirrorChat), [anyModel]);
});

t.test("sampleModels() gives those that the provider serves", async (t) => {
  t.ok(sampleModels({ served: [api] }, codec).length > 2);
  const serves = (model: string) => model.startsWith("o");
  t.same(sampleModels({ served: [{ ...api, serves }] }, codec), ["o3-mini"]);
});

t.test(
  "sampleModels() gives any model where the codec is only called, or serves unknown ones",
  async (t) => {
    t.same(sampleModels({ served: [] }, codec), [anyModel]);
    t.same(sampleModels({}, codec), [anyModel]);
    t.same(sampleModels({ served: [{ ...api, serves: () => false }] }, codec), [anyModel]);
  },
);
