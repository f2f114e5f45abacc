import t from "tap";
import type { Unexpressed } from "../ir.ts";
import type { JsonObject } from "../json-text.ts";
import { decodeGenerateContent } from "./request-decoder.ts";
import { RequestNotes } from "./request-notes.ts";
import { requestWith } from "./testdata/requests.ts";

const call = { model: "gemini-3-flash-preview", stream: false, variant: "whole" };
const contents = [{ role: "user", parts: [{ text: "Hi" }] }];

function read(fields: JsonObject, given: Partial<typeof call> = {}) {
  const notes = new RequestNotes();
  const request = decodeGenerateContent(fields, { ...call, ...given }, notes);
  return { request, problem: notes.problem };
}

t.test("decodeGenerateContent() reads the least that a request can be", async (t) => {
  t.same(read({ contents }), { request: requestWith(), problem: null });
});

t.test("decodeGenerateContent() reads instructions, functions and their choice", async (t) => {
  const { request } = read({
    contents,
    systemInstruction: { parts: [{ text: "Be kind" }] },
    tools: [{ functionDeclarations: [{ name: "f" }] }],
    toolConfig: { functionCallingConfig: { mode: "NONE" } },
    generationConfig: { temperature: 1 },
  });
  t.same(
    request,
    requestWith({
      system: [{ kind: "text", text: "Be kind" }],
      tools: [{ name: "f", description: null, parameters: null, strict: null }],
      toolChoice: { kind: "none" },
      temperature: 1,
    }),
  );
});

t.test("decodeGenerateContent() takes the call's facts from its path", async (t) => {
  const { request } = read({ contents }, { stream: true, variant: "array" });
  t.match(request, { stream: true, streamUsage: true, variant: "array" });
});

const left: readonly (readonly [JsonObject, readonly Unexpressed[]])[] = [
  [
    {
      safetySettings: [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "BLOCK_LOW_AND_ABOVE" }],
    },
    [{ feature: "safety", at: "safetySettings[0]" }],
  ],
  [
    { safetySettings: [{ threshold: "BLOCK_NONE" }, { threshold: "OFF" }] },
    [
      { feature: "unknown-field", at: "safetySettings[0]" },
      { feature: "unknown-field", at: "safetySettings[1]" },
    ],
  ],
  [{ safetySettings: ["x"] }, [{ feature: "safety", at: "safetySettings[0]" }]],
  [
    { cachedContent: "cachedContents/a" },
    [{ feature: "stored-conversation", at: "cachedContent" }],
  ],
  [{ labels: { team: "a" } }, [{ feature: "metadata", at: "labels" }]],
  [{ store: false }, [{ feature: "store", at: "store" }]],
  [{ serviceTier: "PRIORITY" }, [{ feature: "service-tier", at: "serviceTier" }]],
  [{ modelArmorConfig: {} }, [{ feature: "guardrail", at: "modelArmorConfig" }]],
  [{ telepathy: true }, [{ feature: "unknown-field", at: "telepathy" }]],
  [{ model: "models/x", cachedContent: "", labels: null, safetySettings: [] }, []],
];

for (const [fields, unexpressed] of left) {
  t.test(
    `decodeGenerateContent() notes of ${JSON.stringify(fields)} what it has no place for`,
    async (t) => {
      const { request, problem } = read({ contents, ...fields });
      t.same(request.unexpressed, unexpressed);
      t.equal(problem, null);
    },
  );
}

t.test("decodeGenerateContent() notes several answers in a stream", async (t) => {
  const fields = { contents, generationConfig: { candidateCount: 2 } };
  t.same(read(fields, { stream: true }).request.unexpressed, [
    { feature: "choices-streamed", at: "generationConfig.candidateCount" },
  ]);
  t.same(read(fields).request.unexpressed, []);
  const single = { contents, generationConfig: { candidateCount: 1 } };
  t.same(read(single, { stream: true }).request.unexpressed, []);
});

t.test("decodeGenerateContent() says that there is nothing to answer", async (t) => {
  for (const fields of [{}, { contents: [] }, { contents: null }]) {
    t.equal(read(fields).problem, "contents is missing");
  }
});

t.test("decodeGenerateContent() says the first thing that is wrong", async (t) => {
  const fields = { contents: [7], tools: [7], systemInstruction: 7 };
  t.equal(read(fields).problem, "systemInstruction is not an object");
});
