import t from "tap";
import type { ChatRequest, ReasoningRequest } from "../ir.ts";
import { parseJsonText, writeJson } from "../json-text.ts";
import type { JsonNumber } from "../json-text.ts";
import { encodeGenerateContent } from "./request-encoder.ts";
import { encodeBody, requestWith } from "./testdata/requests.ts";

t.test("encodeGenerateContent() writes nothing that was not said", async (t) => {
  t.same(encodeBody(requestWith()), { contents: [{ role: "user", parts: [{ text: "Hi" }] }] });
});

const requests: readonly {
  readonly name: string;
  readonly request: Partial<ChatRequest>;
  readonly wanted: object;
}[] = [
  {
    name: "instructions",
    request: { system: [{ kind: "text", text: "Be kind" }] },
    wanted: { systemInstruction: { parts: [{ text: "Be kind" }] } },
  },
  {
    name: "functions and their choice",
    request: {
      tools: [{ name: "f", description: null, parameters: null, strict: null }],
      toolChoice: { kind: "required" },
    },
    wanted: {
      tools: [{ functionDeclarations: [{ name: "f" }] }],
      toolConfig: { functionCallingConfig: { mode: "ANY" } },
    },
  },
  {
    name: "sampling",
    request: {
      temperature: 0,
      topP: 0.9,
      topK: 40,
      seed: 7,
      presencePenalty: 0.1,
      frequencyPenalty: -0.1,
      maxOutputTokens: 100,
      choices: 2,
      stop: ["a", "b"],
    },
    wanted: {
      generationConfig: {
        temperature: 0,
        topP: 0.9,
        topK: 40,
        seed: 7,
        presencePenalty: 0.1,
        frequencyPenalty: -0.1,
        maxOutputTokens: 100,
        candidateCount: 2,
        stopSequences: ["a", "b"],
      },
    },
  },
  {
    name: "any JSON",
    request: { output: { kind: "json" } },
    wanted: { generationConfig: { responseMimeType: "application/json" } },
  },
  {
    name: "a schema as it is",
    request: {
      output: {
        kind: "schema",
        name: "a",
        description: "b",
        schema: { $schema: "x", type: "object", additionalProperties: false },
        strict: true,
      },
    },
    wanted: {
      generationConfig: {
        responseMimeType: "application/json",
        responseJsonSchema: { $schema: "x", type: "object", additionalProperties: false },
      },
    },
  },
  {
    name: "probabilities",
    request: { logprobs: { top: 3 } },
    wanted: { generationConfig: { responseLogprobs: true, logprobs: 3 } },
  },
  {
    name: "probabilities without alternatives",
    request: { logprobs: { top: 0 } },
    wanted: { generationConfig: { responseLogprobs: true } },
  },
];

for (const { name, request, wanted } of requests) {
  t.test(`encodeGenerateContent() writes ${name}`, async (t) => {
    const { contents, ...others } = encodeBody(requestWith(request));
    t.ok(contents);
    t.same(others, wanted);
  });
}

const none: ReasoningRequest = { effort: null, budgetTokens: null, visible: null };
const flash3 = "gemini-3-flash-preview";
const pro3 = "gemini-3-pro-preview";
const flash25 = "gemini-2.5-flash";
const pro25 = "gemini-2.5-pro";
const lite25 = "gemini-2.5-flash-lite";

const thinking: readonly (readonly [string, Partial<ReasoningRequest>, object | undefined])[] = [
  [flash3, { effort: "none" }, { thinkingLevel: "MINIMAL" }],
  [flash3, { effort: "minimal" }, { thinkingLevel: "MINIMAL" }],
  [flash3, { effort: "low" }, { thinkingLevel: "LOW" }],
  [flash3, { effort: "medium" }, { thinkingLevel: "MEDIUM" }],
  [flash3, { effort: "high" }, { thinkingLevel: "HIGH" }],
  [flash3, { effort: "max", visible: true }, { includeThoughts: true, thinkingLevel: "HIGH" }],
  [flash3, { visible: false }, { includeThoughts: false }],
  [flash3, { budgetTokens: 4_096 }, { thinkingBudget: 4_096 }],
  [flash3, { effort: "low", budgetTokens: 4_096 }, { thinkingLevel: "LOW" }],
  [pro3, { effort: "none" }, { thinkingLevel: "LOW" }],
  [pro3, { effort: "medium" }, { thinkingLevel: "HIGH" }],
  [flash25, { effort: "none" }, { thinkingBudget: 0 }],
  [flash25, { effort: "low" }, { thinkingBudget: 2_048 }],
  [flash25, { effort: "max" }, { thinkingBudget: 24_576 }],
  [flash25, { budgetTokens: -1 }, { thinkingBudget: -1 }],
  [flash25, { budgetTokens: 60_000 }, { thinkingBudget: 24_576 }],
  [flash25, { visible: true }, { includeThoughts: true }],
  [pro25, { effort: "none" }, { thinkingBudget: 128 }],
  [pro25, { effort: "max" }, { thinkingBudget: 32_768 }],
  [lite25, { budgetTokens: 100 }, { thinkingBudget: 512 }],
  [lite25, { budgetTokens: 0 }, { thinkingBudget: 0 }],
  ["gemini-2.0-flash", { effort: "high", visible: true }, undefined],
  ["gemma-3-27b-it", { effort: "high" }, undefined],
];

for (const [model, reasoning, wanted] of thinking) {
  t.test(
    `encodeGenerateContent() has ${model} think by ${JSON.stringify(reasoning)}`,
    async (t) => {
      const request = requestWith({ model, reasoning: { ...none, ...reasoning } });
      t.same(encodeBody(request).generationConfig?.thinkingConfig, wanted);
    },
  );
}

const seeds: readonly (readonly [string, string])[] = [
  ["0", "0"],
  ["-7", "-7"],
  ["2147483647", "2147483647"],
  ["2147483648", "0"],
  ["-2147483648", "-2147483648"],
  ["12345678901234567890", "1797196498"],
  ["1.5", "1.5"],
];

for (const [seed, wanted] of seeds) {
  t.test(`encodeGenerateContent() writes the seed ${seed} as ${wanted}`, async (t) => {
    const parsed = parseJsonText(seed);
    const number = (parsed.kind === "value" ? parsed.value : null) as JsonNumber;
    const text = writeJson(encodeGenerateContent(requestWith({ seed: number })));
    t.match(text, `"seed":${wanted}}`);
  });
}

t.test("encodeGenerateContent() keeps the digits of numbers", async (t) => {
  const parsed = parseJsonText("0.30000000000000004441");
  const temperature = (parsed.kind === "value" ? parsed.value : null) as JsonNumber;
  const text = writeJson(encodeGenerateContent(requestWith({ temperature })));
  t.match(text, '"temperature":0.30000000000000004441');
});
