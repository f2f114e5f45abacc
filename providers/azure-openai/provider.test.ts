import t from "tap";
import { openaiChat } from "../openai/chat-codec.ts";
import { openaiEmbeddings } from "../openai/embeddings-codec.ts";
import { findOperation } from "../operation-layout.ts";
import { findServedApi } from "../translation.ts";
import { azureOpenai } from "./provider.ts";

const call = { model: "my model/1", stream: false, basePath: "" };

for (const [path, codec, model] of [
  ["/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21", openaiChat, "gpt-4o"],
  ["/openai/deployments/ada/embeddings?api-version=2024-10-21", openaiEmbeddings, "ada"],
  ["/openai/v1/chat/completions", openaiChat, null],
  ["/openai/v1/embeddings", openaiEmbeddings, null],
  ["/models/chat/completions", openaiChat, null],
] as const) {
  t.test(`azureOpenai declares the codec of ${path}`, async (t) => {
    const found = findOperation(azureOpenai, "POST", path);
    t.equal(found?.layout.operation.codec, codec);
    t.equal(found?.pathModel, model);
  });
}

for (const [basePath, chat, embeddings] of [
  ["", "/openai/v1/chat/completions", "/openai/v1/embeddings"],
  ["/openai/v1", "/openai/v1/chat/completions", "/openai/v1/embeddings"],
  [
    "/openai",
    "/openai/deployments/my%20model%2F1/chat/completions?api-version=2024-10-21",
    "/openai/deployments/my%20model%2F1/embeddings?api-version=2024-10-21",
  ],
  [
    "/gateway/openai",
    "/gateway/openai/deployments/my%20model%2F1/chat/completions?api-version=2024-10-21",
    "/gateway/openai/deployments/my%20model%2F1/embeddings?api-version=2024-10-21",
  ],
] as const) {
  t.test(`azureOpenai serves below ${JSON.stringify(basePath)}`, async (t) => {
    const chatApi = findServedApi(azureOpenai.served, openaiChat, call.model);
    t.equal(chatApi?.path({ ...call, basePath }), chat);
    const embeddingsApi = findServedApi(azureOpenai.served, openaiEmbeddings, call.model);
    t.equal(embeddingsApi?.path({ ...call, basePath }), embeddings);
  });
}

t.test(
  "azureOpenai knows families of models as OpenAI does, when deployments are named so",
  async (t) => {
    const plain = findServedApi(azureOpenai.served, openaiChat, "gpt-4o");
    t.equal(plain?.lacks?.has("reasoning"), true);
    const reasoning = findServedApi(azureOpenai.served, openaiChat, "o3-mini");
    t.equal(reasoning?.lacks?.has("temperature"), true);
    const other = findServedApi(azureOpenai.served, openaiChat, "production");
    t.equal(other?.lacks, undefined);
  },
);

t.test("azureOpenai reads the errors of its content filter", async (t) => {
  const body = {
    error: {
      message: "The response was filtered",
      type: null,
      param: "prompt",
      code: "content_filter",
      status: 400,
      innererror: { code: "ResponsibleAIPolicyViolation" },
    },
  };
  const error = openaiChat.decodeError({
    status: 400,
    header: () => undefined,
    body: Buffer.from(JSON.stringify(body)),
  });
  t.strictSame(error, {
    status: 400,
    kind: "invalid-request",
    message: "The response was filtered",
    code: "content_filter",
  });
});
