import t from "tap";
import type { JsonValue } from "../json-text.ts";
import type { ModelFields } from "./model-fields-decoder.ts";
import { readModelFields } from "./model-fields-decoder.ts";
import { RequestReader } from "./request-reader.ts";

const nothing = { effort: null, budgetTokens: null, visible: null };

const rows: readonly {
  readonly name: string;
  readonly fields?: JsonValue;
  readonly effort?: JsonValue;
  readonly wanted: Partial<ModelFields>;
  readonly notes?: readonly string[];
}[] = [
  { name: "nothing", wanted: {} },
  { name: "null", fields: null, effort: null, wanted: {} },
  { name: "no fields", fields: {}, wanted: {} },
  { name: "top-k", fields: { top_k: 40 }, wanted: { topK: 40 } },
  { name: "top-k of Nova", fields: { inferenceConfig: { topK: 20 } }, wanted: { topK: 20 } },
  {
    name: "a budget",
    fields: { thinking: { type: "enabled", budget_tokens: 2_000 } },
    wanted: { reasoning: { ...nothing, budgetTokens: 2_000 } },
  },
  {
    name: "a budget by its first name",
    fields: { reasoning_config: { type: "enabled", budget_tokens: 2_000 } },
    wanted: { reasoning: { ...nothing, budgetTokens: 2_000 } },
  },
  {
    name: "no thinking",
    fields: { thinking: { type: "disabled" } },
    wanted: { reasoning: { ...nothing, effort: "none" } },
  },
  {
    name: "adaptive thinking",
    fields: { thinking: { type: "adaptive" } },
    wanted: { reasoning: { ...nothing, budgetTokens: -1 } },
  },
  {
    name: "adaptive thinking that is shown, with effort",
    fields: { thinking: { type: "adaptive", display: "summarized" } },
    effort: "xhigh",
    wanted: { reasoning: { effort: "xhigh", budgetTokens: -1, visible: true } },
  },
  {
    name: "thinking that is not shown",
    fields: { thinking: { type: "adaptive", display: "omitted" } },
    wanted: { reasoning: { ...nothing, budgetTokens: -1, visible: false } },
  },
  {
    name: "effort beside the fields",
    effort: "low",
    wanted: { reasoning: { ...nothing, effort: "low" } },
  },
  {
    name: "effort in Anthropic's words",
    fields: { output_config: { effort: "max" } },
    wanted: { reasoning: { ...nothing, effort: "max" } },
  },
  {
    name: "effort in OpenAI's words",
    fields: { reasoning_effort: "medium" },
    wanted: { reasoning: { ...nothing, effort: "medium" } },
  },
  {
    name: "effort in Nova's words",
    fields: { reasoningConfig: { type: "enabled", maxReasoningEffort: "high" } },
    wanted: { reasoning: { ...nothing, effort: "high" } },
  },
  {
    name: "no effort in Nova's words",
    fields: { reasoningConfig: { type: "disabled" } },
    wanted: { reasoning: { ...nothing, effort: "none" } },
  },
  {
    name: "what is not known",
    fields: {
      anthropic_beta: ["a"],
      repetition_penalty: 1,
      inferenceConfig: { topK: 1, maxTokens: 5 },
      output_config: { format: {} },
      thinking: { type: "tomorrow" },
      reasoning_effort: "enormous",
    },
    effort: 7,
    wanted: { topK: 1 },
    notes: [
      "beta-header at additionalModelRequestFields.anthropic_beta",
      "unknown-field at additionalModelRequestFields.repetition_penalty",
      "unknown-field at additionalModelRequestFields.inferenceConfig.maxTokens",
      "unknown-field at additionalModelRequestFields.output_config.format",
      "unknown-field at additionalModelRequestFields.thinking.type",
      "unknown-field at additionalModelRequestFields.reasoning_effort",
      "unknown-field at outputConfig.effort",
    ],
  },
];

for (const { name, fields, effort, wanted, notes = [] } of rows) {
  t.test(`readModelFields() reads ${name}`, async (t) => {
    const reader = new RequestReader();
    const found = readModelFields(reader, fields, effort);
    t.same(found, { topK: null, reasoning: null, ...wanted });
    t.equal(reader.problem, null);
    t.same(
      reader.unexpressed.map(({ feature, at }) => `${feature} at ${at}`),
      notes,
    );
  });
}

const broken: readonly { readonly fields: JsonValue; readonly problem: string }[] = [
  { fields: [], problem: "additionalModelRequestFields is not an object" },
  { fields: { top_k: "4" }, problem: "additionalModelRequestFields.top_k is not a number" },
  { fields: { thinking: true }, problem: "additionalModelRequestFields.thinking is not an object" },
  {
    fields: { thinking: { type: "enabled", budget_tokens: "many" } },
    problem: "additionalModelRequestFields.thinking.budget_tokens is not a number",
  },
  {
    fields: { inferenceConfig: 1 },
    problem: "additionalModelRequestFields.inferenceConfig is not an object",
  },
];

for (const { fields, problem } of broken) {
  t.test(`readModelFields() says that ${problem}`, async (t) => {
    const reader = new RequestReader();
    readModelFields(reader, fields, undefined);
    t.equal(reader.problem, problem);
  });
}
