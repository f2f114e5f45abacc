import t from "tap";
import type { Unexpressed } from "../ir.ts";
import { parseJsonText, writeJson } from "../json-text.ts";
import type { JsonValue } from "../json-text.ts";
import type { Generation } from "./generation-config.ts";
import { decodeGenerationConfig } from "./generation-config.ts";
import { RequestNotes } from "./request-notes.ts";

const nothing: Generation = {
  maxOutputTokens: null,
  temperature: null,
  topP: null,
  topK: null,
  seed: null,
  frequencyPenalty: null,
  presencePenalty: null,
  stop: [],
  choices: null,
  logprobs: null,
  output: { kind: "text" },
  reasoning: null,
};

function read(config: JsonValue | undefined) {
  const notes = new RequestNotes();
  const generation = decodeGenerationConfig(config, notes);
  return { generation, unexpressed: notes.unexpressed, problem: notes.problem };
}

const schema = (value: object) =>
  ({
    kind: "schema",
    name: null,
    description: null,
    schema: value,
    strict: null,
  }) as Generation["output"];

const configs: readonly {
  readonly name: string;
  readonly config: JsonValue | undefined;
  readonly wanted: Partial<Generation>;
}[] = [
  { name: "nothing", config: undefined, wanted: {} },
  { name: "null", config: null, wanted: {} },
  { name: "an empty one", config: {}, wanted: {} },
  {
    name: "sampling",
    config: {
      temperature: 0.5,
      topP: 0.9,
      topK: 40,
      seed: 7,
      presencePenalty: 0.1,
      frequencyPenalty: -0.1,
      maxOutputTokens: 100,
      candidateCount: 2,
      stopSequences: ["a", "b"],
    },
    wanted: {
      temperature: 0.5,
      topP: 0.9,
      topK: 40,
      seed: 7,
      presencePenalty: 0.1,
      frequencyPenalty: -0.1,
      maxOutputTokens: 100,
      choices: 2,
      stop: ["a", "b"],
    },
  },
  {
    name: "snake case",
    config: { top_p: 0.9, max_output_tokens: "100", stop_sequences: "x" },
    wanted: { topP: 0.9, maxOutputTokens: 100, stop: ["x"] },
  },
  {
    name: "probabilities of alternatives",
    config: { responseLogprobs: true, logprobs: 3 },
    wanted: { logprobs: { top: 3 } },
  },
  {
    name: "probabilities without alternatives",
    config: { responseLogprobs: true },
    wanted: { logprobs: { top: 0 } },
  },
  { name: "no probabilities", config: { responseLogprobs: false }, wanted: {} },
  { name: "plain text", config: { responseMimeType: "text/plain" }, wanted: {} },
  {
    name: "any JSON",
    config: { responseMimeType: "application/json" },
    wanted: { output: { kind: "json" } },
  },
  {
    name: "a schema of OpenAPI's",
    config: {
      responseMimeType: "application/json",
      responseSchema: { type: "OBJECT", properties: { a: { type: "STRING" } } },
    },
    wanted: { output: schema({ type: "object", properties: { a: { type: "string" } } }) },
  },
  {
    name: "a JSON Schema as it is",
    config: {
      responseMimeType: "application/json",
      responseJsonSchema: { type: "object", propertyOrdering: ["a"] },
    },
    wanted: { output: schema({ type: "object", propertyOrdering: ["a"] }) },
  },
  {
    name: "a JSON Schema under its older name",
    config: { _responseJsonSchema: { type: "object" } },
    wanted: { output: schema({ type: "object" }) },
  },
  {
    name: "a budget for thinking",
    config: { thinkingConfig: { thinkingBudget: 1_024, includeThoughts: true } },
    wanted: { reasoning: { effort: null, budgetTokens: 1_024, visible: true } },
  },
  {
    name: "a budget of the model's own",
    config: { thinking_config: { thinking_budget: -1, include_thoughts: false } },
    wanted: { reasoning: { effort: null, budgetTokens: -1, visible: false } },
  },
  {
    name: "a level of thinking",
    config: { thinkingConfig: { thinkingLevel: "LOW" } },
    wanted: { reasoning: { effort: "low", budgetTokens: null, visible: null } },
  },
  {
    name: "a level in lower case",
    config: { thinkingConfig: { thinkingLevel: "minimal" } },
    wanted: { reasoning: { effort: "minimal", budgetTokens: null, visible: null } },
  },
  {
    name: "a level that is not said",
    config: { thinkingConfig: { thinkingLevel: "THINKING_LEVEL_UNSPECIFIED" } },
    wanted: {},
  },
  { name: "no thinking", config: { thinkingConfig: {} }, wanted: {} },
  { name: "text as the only modality", config: { responseModalities: ["TEXT"] }, wanted: {} },
];

for (const { name, config, wanted } of configs) {
  t.test(`decodeGenerationConfig() reads ${name}`, async (t) => {
    const { generation, unexpressed, problem } = read(config);
    t.same(generation, { ...nothing, ...wanted });
    t.same(unexpressed, []);
    t.equal(problem, null);
  });
}

const at = "generationConfig";
const left: readonly (readonly [string, JsonValue, Unexpressed])[] = [
  [
    "images in the answer",
    { responseModalities: ["TEXT", "IMAGE"] },
    { feature: "image-output", at: `${at}.responseModalities` },
  ],
  [
    "sound in the answer",
    { response_modalities: ["AUDIO"] },
    { feature: "audio-output", at: `${at}.responseModalities` },
  ],
  [
    "a modality that it does not know",
    { responseModalities: ["constructor"] },
    { feature: "unknown-content", at: `${at}.responseModalities` },
  ],
  ["a voice", { speechConfig: {} }, { feature: "audio-output", at: `${at}.speechConfig` }],
  ["a shape of images", { imageConfig: {} }, { feature: "image-output", at: `${at}.imageConfig` }],
  [
    "a form that it does not know",
    { responseMimeType: "text/x.enum", responseSchema: { type: "STRING" } },
    { feature: "unknown-content", at: `${at}.responseMimeType` },
  ],
  [
    "a list of forms",
    { responseFormat: [{ text: {} }] },
    { feature: "unknown-content", at: `${at}.responseFormat` },
  ],
  [
    "a resolution of all media",
    { mediaResolution: "MEDIA_RESOLUTION_LOW" },
    { feature: "unknown-field", at: `${at}.mediaResolution` },
  ],
  [
    "a field of thinking that it does not know",
    { thinkingConfig: { thinkingMood: "bright" } },
    { feature: "unknown-field", at: `${at}.thinkingConfig.thinkingMood` },
  ],
];

for (const [name, config, unexpressed] of left) {
  t.test(`decodeGenerationConfig() notes ${name}`, async (t) => {
    t.same(read(config).unexpressed, [unexpressed]);
  });
}

const broken: readonly (readonly [JsonValue, string])[] = [
  ["x", `${at} is not an object`],
  [[], `${at} is not an object`],
  [{ temperature: "warm" }, `${at}.temperature is not a number`],
  [{ maxOutputTokens: {} }, `${at}.maxOutputTokens is not a number`],
  [{ topK: true }, `${at}.topK is not a number`],
  [{ stopSequences: ["a", 7] }, `${at}.stopSequences[1] is not a text`],
  [{ responseSchema: [] }, `${at}.responseSchema is not an object`],
  [{ responseJsonSchema: true }, `${at}.responseJsonSchema is not an object`],
  [
    { thinkingConfig: { thinkingBudget: "much" } },
    `${at}.thinkingConfig.thinkingBudget is not a number`,
  ],
];

for (const [config, problem] of broken) {
  t.test(`decodeGenerationConfig() says that ${problem}`, async (t) => {
    t.equal(read(config).problem, problem);
  });
}

t.test("decodeGenerationConfig() keeps the digits of numbers", async (t) => {
  const parsed = parseJsonText(
    '{"seed":12345678901234567890,"temperature":0.30000000000000004441}',
  );
  const { generation } = read(parsed.kind === "value" ? parsed.value : null);
  t.equal(writeJson(generation.seed), "12345678901234567890");
  t.equal(writeJson(generation.temperature), "0.30000000000000004441");
});
