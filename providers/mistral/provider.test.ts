import t from "tap";
import { openaiEmbeddings } from "../openai/embeddings-codec.ts";
import { findOperation } from "../operation-layout.ts";
import { findProviderByHost, findProviderByName } from "../registry.ts";
import { findServedApi } from "../translation.ts";
import { mistralChat } from "./chat-codec.ts";
import { mistral } from "./provider.ts";

const call = { model: "mistral-large-latest", stream: true, basePath: "" };

t.test("mistral is found by its hosts and names", async (t) => {
  t.equal(findProviderByHost("api.mistral.ai"), mistral);
  t.equal(findProviderByHost("codestral.mistral.ai"), mistral);
  t.equal(findProviderByName("mistral"), mistral);
});

t.test("mistral reads chat and embeddings, and does not ask streams for their usage", async (t) => {
  const chat = findOperation(mistral, "POST", "/v1/chat/completions")?.layout.operation;
  t.equal(chat?.codec, mistralChat);
  t.equal(chat?.streamUsage, undefined);
  const embeddings = findOperation(mistral, "POST", "/v1/embeddings")?.layout.operation;
  t.equal(embeddings?.codec, openaiEmbeddings);
});

t.test("mistral serves chat and embeddings at its own paths", async (t) => {
  const chat = findServedApi(mistral.served, mistralChat, call.model);
  t.equal(chat?.path(call), "/v1/chat/completions");
  t.equal(chat?.streamUsage, undefined);
  const embeddings = findServedApi(mistral.served, openaiEmbeddings, "mistral-embed");
  t.equal(embeddings?.path(call), "/v1/embeddings");
});
