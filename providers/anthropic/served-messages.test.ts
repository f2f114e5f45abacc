import t from "tap";
import { findServedApi } from "../translation.ts";
import { claudeGenerations, generationOf } from "./claude-generation.ts";
import { anthropicMessages } from "./messages-codec.ts";
import { anthropic } from "./provider.ts";
import { servedByGeneration } from "./served-messages.ts";
import { anthropicTokenCount } from "./token-count-codec.ts";

const api = { codec: anthropicMessages, modelIn: "body", path: () => "/p", headers: [] } as const;
const models = [
  "claude-3-opus-20240229",
  "claude-3-7-sonnet-latest",
  "claude-sonnet-4-5",
  "claude-opus-4-6",
  "claude-opus-4-7",
  "claude-opus-5",
  "claude-opus-5-5",
  "my-deployment",
];

t.test("servedByGeneration() serves every model exactly once, with what it lacks", async (t) => {
  const served = servedByGeneration(api);
  for (const model of models) {
    const able = served.filter(({ serves }) => serves?.(model));
    t.equal(able.length, 1, model);
    t.strictSame([...(able[0]?.lacks ?? [])], [...generationOf(model).lacks], model);
  }
});

t.test(
  "servedByGeneration() adds what the host lacks, to every model and no generation",
  async (t) => {
    const served = servedByGeneration(api, ["document-url"]);
    for (const { lacks } of served) t.ok(lacks?.has("document-url"));
    for (const { lacks } of claudeGenerations) t.notOk(lacks.has("document-url"));
  },
);

const call = { model: "claude-sonnet-4-5", stream: false, basePath: "" };
for (const [codec, path] of [
  [anthropicMessages, "/messages"],
  [anthropicTokenCount, "/messages/count_tokens"],
] as const) {
  t.test(`anthropic serves ${codec.name} at ${path}, for every model`, async (t) => {
    for (const model of models) {
      const served = findServedApi(anthropic.served, codec, model);
      t.equal(served?.codec, codec, model);
      t.equal(served?.path(call), `/v1${path}`);
      t.equal(
        served?.path({ ...call, basePath: "/gateway/anthropic" }),
        `/gateway/anthropic${path}`,
      );
      t.strictSame(served?.headers, [{ name: "anthropic-version", value: "2023-06-01" }]);
      t.equal(served?.modelIn, "body");
    }
  });
}

t.test("anthropic names the codec of each operation that has one", async (t) => {
  const codecs = new Map(anthropic.operations.map(({ paths, codec }) => [paths[0], codec]));
  t.equal(codecs.get("/v1/messages"), anthropicMessages);
  t.equal(codecs.get("/v1/messages/count_tokens"), anthropicTokenCount);
  t.equal(codecs.get("/v1/complete"), undefined);
});
