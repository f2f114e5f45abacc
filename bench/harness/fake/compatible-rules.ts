/**
 * The fields of chat completions that servers of open models know: those that vLLM's and Ollama's references list,
 * nothing else. https://docs.vllm.ai/en/stable/serving/openai_compatible_server/ https://docs.ollama.com/api/openai-compatibility
 */
import type { FieldRule, FieldRules } from "./json-fields.ts";
import { chatRules, formatRules, messageVariants, toolRules } from "./openai-chat-rules.ts";

const userParts: FieldRule = {
  type: ["string", "array"],
  required: true,
  minItems: 1,
  items: {
    type: "object",
    variants: {
      by: "type",
      of: {
        text: { text: { type: "string", required: true } },
        image_url: {
          image_url: {
            type: "object",
            required: true,
            fields: {
              url: { type: "string", required: true },
              detail: { type: "string", values: ["auto", "low", "high"] },
            },
          },
        },
      },
    },
  },
};

const { system = {}, assistant = {}, tool = {} } = messageVariants;

const messages: FieldRule = {
  type: "array",
  required: true,
  minItems: 1,
  items: {
    type: "object",
    variants: {
      by: "role",
      of: {
        system,
        user: { content: userParts, name: { type: "string" } },
        assistant: { ...assistant, reasoning: { type: "string", nullable: true } },
        tool: { ...tool, name: { type: "string" } },
      },
    },
  },
};

const toolChoice: FieldRule = {
  type: ["string", "object"],
  values: ["none", "auto", "required"],
  variants: {
    by: "type",
    of: {
      function: {
        function: {
          type: "object",
          required: true,
          fields: { name: { type: "string", required: true } },
        },
      },
    },
  },
};

function ruleOf(name: string): FieldRule {
  const rule = chatRules[name];
  if (rule === undefined) throw new RangeError(`No rule for "${name}"`);
  return rule;
}

const shared = [
  "model",
  "frequency_penalty",
  "logit_bias",
  "logprobs",
  "max_completion_tokens",
  "max_tokens",
  "n",
  "parallel_tool_calls",
  "presence_penalty",
  "reasoning_effort",
  "seed",
  "stop",
  "stream",
  "temperature",
  "top_logprobs",
  "top_p",
  "user",
];

/** The whole body. */
export const compatibleRules: FieldRules = {
  ...Object.fromEntries(shared.map((name) => [name, ruleOf(name)])),
  messages,
  response_format: formatRules,
  stream_options: {
    type: "object",
    nullable: true,
    fields: { include_usage: { type: "boolean" } },
  },
  tool_choice: toolChoice,
  tools: toolRules,
  // Their own, which no OpenAI field says
  top_k: { type: "integer" },
  min_p: { type: "number" },
  repetition_penalty: { type: "number" },
  stop_token_ids: { type: "array" },
  chat_template_kwargs: { type: "object" },
  include_reasoning: { type: "boolean" },
  reasoning: { type: "object", fields: { effort: { type: "string" } } },
};
