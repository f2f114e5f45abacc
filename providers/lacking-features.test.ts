import t from "tap";
import type { Feature } from "./features.ts";
import { whenMissing } from "./features.ts";
import type { ChatRequest } from "./ir.ts";
import { dropLacking } from "./lacking-features.ts";

const request: ChatRequest = {
  model: "m",
  system: [],
  messages: [],
  tools: [],
  toolChoice: null,
  parallelToolCalls: null,
  maxOutputTokens: 100,
  temperature: 0.5,
  topP: 0.6,
  topK: 7,
  seed: 8,
  frequencyPenalty: 0.9,
  presencePenalty: 1,
  stop: ["x"],
  choices: null,
  logprobs: null,
  output: { kind: "text" },
  reasoning: { effort: "low", budgetTokens: null, visible: null },
  stream: false,
  streamUsage: false,
  endUser: "u",
  unexpressed: [],
  variant: "",
};

const rows: readonly { readonly feature: Feature; readonly absent: Partial<ChatRequest> }[] = [
  { feature: "temperature", absent: { temperature: null } },
  { feature: "top-p", absent: { topP: null } },
  { feature: "top-k", absent: { topK: null } },
  { feature: "seed", absent: { seed: null } },
  { feature: "penalties", absent: { frequencyPenalty: null, presencePenalty: null } },
  { feature: "reasoning", absent: { reasoning: null } },
  { feature: "end-user", absent: { endUser: null } },
];

for (const { feature, absent } of rows) {
  t.test(
    `dropLacking() leaves out ${feature} and nothing else when the API lacks it`,
    async (t) => {
      t.equal(whenMissing(feature), "drop");
      t.strictSame(dropLacking(request, new Set([feature])), { ...request, ...absent });
    },
  );
}

t.test("dropLacking() gives the request itself when the API lacks nothing of it", async (t) => {
  t.equal(dropLacking(request), request);
  t.equal(dropLacking(request, new Set(["stop", "logprobs"])), request);
});
