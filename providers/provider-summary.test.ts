import t from "tap";
import { anthropic } from "./anthropic/provider.ts";
import type { Codec } from "./codec.ts";
import { summarizeProvider } from "./provider-summary.ts";

const codec = (name: string, operation: Codec["operation"]) =>
  ({ name, operation }) as unknown as Codec;
const chat = codec("acme-chat", "chat");
const vectors = codec("acme-vectors", "embeddings");
const operation = {
  name: "chat",
  paths: ["/"],
  answer: {},
  event: {},
  finalStatuses: [],
  inputTokens: "with-cache",
} as const;

t.test("summarizeProvider() says which dialects are called, and which served", async (t) => {
  const provider = {
    ...anthropic,
    operations: [{ ...operation, codec: chat }, operation, { ...operation, name: "batch" }],
    served: [chat, vectors].map((one) => ({
      codec: one,
      modelIn: "body" as const,
      path: () => "/",
      headers: [],
    })),
  };
  t.same(summarizeProvider(provider), {
    name: "anthropic",
    aliases: ["claude"],
    hosts: ["api.anthropic.com"],
    operations: ["chat", "batch"],
    dialects: [
      { name: "acme-chat", operation: "chat", isCalled: true, isServed: true },
      { name: "acme-vectors", operation: "embeddings", isCalled: false, isServed: true },
    ],
  });
});

t.test("summarizeProvider() is plain data, also of the least declaration", async (t) => {
  const { operations: _, ...least } = anthropic;
  const summary = summarizeProvider(least);
  t.match(summary, { operations: [], dialects: [] });
  t.same(JSON.parse(JSON.stringify(summary)), summary);
});
