import t from "tap";
import { findOperation } from "../operation-layout.ts";
import type { ServedApi } from "../provider.ts";
import { decodeCall, encodeCall, findServedApi, judgeCall } from "../translation.ts";
import { openaiChat } from "./chat-codec.ts";
import { openaiEmbeddings } from "./embeddings-codec.ts";
import { openai, pathUnder } from "./provider.ts";
import { wireRequest } from "./testdata/chat.ts";

const call = { model: "gpt-4.1", stream: false, basePath: "" };

function servedFor(model: string): ServedApi {
  const api = findServedApi(openai.served, openaiChat, model);
  if (api === undefined) throw new Error(`Not served: ${model}`);
  return api;
}

/** The body of a request of this dialect, encoded anew for a model. */
function encodedFor(model: string): { body: unknown; refused: unknown[]; dropped: unknown[] } {
  const decoded = decodeCall(
    openaiChat,
    wireRequest({
      model: "m",
      messages: [],
      temperature: 0.5,
      top_p: 0.5,
      reasoning_effort: "low",
    }),
  );
  if (decoded.kind === "malformed") throw new Error(decoded.reason);
  const api = servedFor(model);
  const { refused, dropped } = judgeCall(decoded.call, api);
  return {
    body: JSON.parse(`${encodeCall(decoded.call, api, model)}`),
    refused: refused.map(({ feature }) => feature),
    dropped: dropped.map(({ feature }) => feature),
  };
}

t.test("openai declares the codecs of its operations", async (t) => {
  for (const [path, codec] of [
    ["/v1/chat/completions", openaiChat],
    ["/v1/embeddings", openaiEmbeddings],
    ["/v1/completions", undefined],
  ] as const) {
    const found = findOperation(openai, "POST", path);
    t.equal(found?.layout.operation.codec, codec, path);
  }
});

t.test("openai says that only chat completions tell a stream's usage on request", async (t) => {
  const told = openai.operations.filter(({ streamUsage }) => streamUsage === "on-request");
  t.strictSame(
    told.flatMap(({ paths }) => paths),
    ["/v1/chat/completions"],
  );
});

t.test("openai serves chat and embeddings at its own paths", async (t) => {
  t.equal(servedFor("gpt-4.1").path(call), "/v1/chat/completions");
  const embeddings = findServedApi(openai.served, openaiEmbeddings, "text-embedding-3-small");
  t.equal(embeddings?.path(call), "/v1/embeddings");
});

t.test("openai leaves out of a request what the model would answer 400 to", async (t) => {
  t.strictSame(encodedFor("gpt-4.1"), {
    body: { model: "gpt-4.1", messages: [], temperature: 0.5, top_p: 0.5 },
    refused: [],
    dropped: ["reasoning"],
  });
  t.strictSame(encodedFor("o3"), {
    body: { model: "o3", messages: [], reasoning_effort: "low" },
    refused: [],
    dropped: ["temperature", "top-p"],
  });
  t.strictSame(encodedFor("some-deployment"), {
    body: {
      model: "some-deployment",
      messages: [],
      temperature: 0.5,
      top_p: 0.5,
      reasoning_effort: "low",
    },
    refused: [],
    dropped: [],
  });
});

t.test("openai removes its own headers from calls that others serve", async (t) => {
  t.strictSame(openai.ownHeaders, [
    "openai-organization",
    "openai-project",
    "openai-beta",
    "x-stainless-*",
  ]);
});

t.test("pathUnder() puts the operation below the base path of the call", async (t) => {
  t.equal(pathUnder("a/b")({ ...call, basePath: "/api/v1" }), "/api/v1/a/b");
  t.equal(pathUnder("a/b")(call), "/v1/a/b");
});
