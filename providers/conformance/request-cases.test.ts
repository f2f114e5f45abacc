import t from "tap";
import { features } from "../features.ts";
import { chatFeatures } from "../request-features.ts";
import {
  conversationWith,
  plainConversation,
  reasoningForms,
  requestCases,
} from "./request-cases.ts";
import { conversationFeatures } from "./request-checks.ts";

t.test("requestCases() have names of their own", async (t) => {
  const names = requestCases().map(({ name }) => name);
  t.equal(new Set(names).size, names.length);
  t.ok(names.length >= 50, `${names.length}`);
});

t.test("requestCases() use every feature that the IR has a place for", async (t) => {
  // What is only ever named in `unexpressed`: see chatFeatures() and embeddingsFeatures().
  const without = [
    ...["video", "stored-conversation", "prompt-template", "unknown-content", "citations"],
    ...["cache-hint", "content-metadata", "tool-choice-subset", "server-tool", "custom-tool"],
    ...["tool-metadata", "logit-bias", "choices-streamed", "audio-output", "image-output"],
    ...[
      "verbosity",
      "prediction",
      "truncation",
      "background",
      "safety",
      "guardrail",
      "metadata",
      "store",
      "service-tier",
    ],
    ...["beta-header", "unknown-field"],
    ...["dimensions", "token-input", "embedding-task"],
  ];
  t.same(
    Object.keys(features).filter((name) => !conversationFeatures().has(name as never)),
    without,
  );
});

t.test("requestCases() are about one thing each", async (t) => {
  const plain = chatFeatures(plainConversation, "own").length;
  t.equal(plain, 0);
  const most = requestCases().map(({ name, request }) => ({
    name,
    features: new Set(chatFeatures(request, "own").map(({ feature }) => feature)).size,
  }));
  t.same(
    most.filter(({ features: count }) => count > 3).map(({ name }) => name),
    [],
  );
});

t.test("reasoningForms() are of the origin that is asked for", async (t) => {
  for (const form of reasoningForms("own")) {
    t.same(
      chatFeatures(conversationWith(form), "own").map(({ feature }) => feature),
      ["reasoning-history"],
    );
  }
});
