/** The fields of POST /v1/responses by the API reference. https://platform.openai.com/docs/api-reference/responses/create */
import type { FieldRule, FieldRules } from "./json-fields.ts";

const toolName: FieldRule = {
  type: "string",
  required: true,
  pattern: /[a-zA-Z0-9_-]+/,
  maxLength: 64,
};
const callId: FieldRule = { type: "string", required: true, minLength: 1, maxLength: 64 };
const status: FieldRule = {
  type: "string",
  values: ["in_progress", "completed", "incomplete"],
  nullable: true,
};
const breakpoint: FieldRules = { prompt_cache_breakpoint: { type: "object" } };

const inputParts: Readonly<Record<string, FieldRules>> = {
  input_text: { text: { type: "string", required: true }, ...breakpoint },
  input_image: {
    detail: { type: "string", values: ["auto", "low", "high", "original"] },
    file_id: { type: "string", nullable: true },
    image_url: { type: "string", nullable: true },
    ...breakpoint,
  },
  input_file: {
    detail: { type: "string", values: ["auto", "low", "high"] },
    file_data: { type: "string" },
    file_id: { type: "string", nullable: true },
    file_url: { type: "string" },
    filename: { type: "string" },
    ...breakpoint,
  },
};

const outputParts: Readonly<Record<string, FieldRules>> = {
  output_text: {
    text: { type: "string", required: true },
    annotations: { type: "array" },
    logprobs: { type: "array" },
  },
  refusal: { refusal: { type: "string", required: true } },
};

function contentOf(parts: Readonly<Record<string, FieldRules>>): FieldRules {
  return {
    content: {
      type: ["string", "array"],
      required: true,
      items: { type: "object", variants: { by: "type", of: parts } },
    },
  };
}

/** The field `content` of messages by role. */
export const messageContents: Readonly<Record<string, FieldRules>> = {
  user: contentOf(inputParts),
  system: contentOf(inputParts),
  developer: contentOf(inputParts),
  assistant: contentOf(outputParts),
};

function idOf(prefix: string): FieldRule {
  return { type: "string", pattern: new RegExp(`${prefix}.*`), maxLength: 64, nullable: true };
}

const textItems = (sort: string): FieldRule => ({
  type: "array",
  items: {
    type: "object",
    variants: { by: "type", of: { [sort]: { text: { type: "string", required: true } } } },
  },
});

/** Items of `input` by type. */
export const itemVariants: Readonly<Record<string, FieldRules>> = {
  message: {
    id: idOf("msg"),
    role: { type: "string", required: true, values: Object.keys(messageContents) },
    content: { type: ["string", "array"], required: true },
    status,
    phase: { type: "string", values: ["commentary", "final_answer"], nullable: true },
  },
  function_call: {
    id: idOf("fc"),
    call_id: callId,
    name: toolName,
    arguments: { type: "string", required: true },
    status,
  },
  function_call_output: {
    id: idOf("fc"),
    call_id: callId,
    output: {
      type: ["string", "array"],
      required: true,
      items: { type: "object", variants: { by: "type", of: inputParts } },
    },
    status,
  },
  reasoning: {
    id: { ...idOf("rs"), required: true },
    summary: { ...textItems("summary_text"), required: true },
    content: textItems("reasoning_text"),
    encrypted_content: { type: "string", nullable: true },
    status,
  },
  item_reference: { id: { type: "string", required: true } },
};

const functionTool: FieldRules = {
  name: toolName,
  description: { type: "string", nullable: true },
  parameters: { type: "object", nullable: true },
  strict: { type: "boolean", nullable: true },
};

const formats: Readonly<Record<string, FieldRules>> = {
  text: {},
  json_object: {},
  json_schema: {
    name: toolName,
    schema: { type: "object", required: true },
    description: { type: "string" },
    strict: { type: "boolean", nullable: true },
  },
};

/** The whole body. */
export const responseRules: FieldRules = {
  model: { type: "string", required: true },
  input: {
    type: ["string", "array"],
    required: true,
    items: { type: "object", variants: { by: "type", otherwise: "message", of: itemVariants } },
  },
  background: { type: "boolean", nullable: true },
  context_management: { type: "array", nullable: true },
  conversation: { type: ["string", "object"], nullable: true },
  include: {
    type: "array",
    nullable: true,
    items: {
      type: "string",
      values: [
        "file_search_call.results",
        "web_search_call.results",
        "web_search_call.action.sources",
        "message.input_image.image_url",
        "computer_call_output.output.image_url",
        "code_interpreter_call.outputs",
        "reasoning.encrypted_content",
        "message.output_text.logprobs",
      ],
    },
  },
  instructions: { type: "string", nullable: true },
  max_output_tokens: { type: "integer", minimum: 16, nullable: true },
  max_tool_calls: { type: "integer", minimum: 1, nullable: true },
  metadata: { type: "object", nullable: true },
  moderation: { type: "object", nullable: true },
  parallel_tool_calls: { type: "boolean", nullable: true },
  previous_response_id: { type: "string", nullable: true },
  prompt: { type: "object", nullable: true },
  prompt_cache_key: { type: "string", nullable: true },
  prompt_cache_options: { type: "object" },
  prompt_cache_retention: { type: "string", values: ["in_memory", "24h"], nullable: true },
  reasoning: {
    type: "object",
    nullable: true,
    fields: {
      context: { type: "string", values: ["auto", "current_turn", "all_turns"], nullable: true },
      effort: {
        type: "string",
        values: ["none", "minimal", "low", "medium", "high", "xhigh", "max"],
        nullable: true,
      },
      generate_summary: {
        type: "string",
        values: ["auto", "concise", "detailed"],
        nullable: true,
      },
      mode: { type: "string", values: ["standard", "pro"] },
      summary: { type: "string", values: ["auto", "concise", "detailed"], nullable: true },
    },
  },
  safety_identifier: { type: "string", nullable: true },
  service_tier: {
    type: "string",
    values: ["auto", "default", "flex", "scale", "priority", "fast"],
    nullable: true,
  },
  store: { type: "boolean", nullable: true },
  stream: { type: "boolean", nullable: true },
  stream_options: {
    type: "object",
    nullable: true,
    fields: { include_obfuscation: { type: "boolean" } },
  },
  temperature: { type: "number", minimum: 0, maximum: 2, nullable: true },
  text: {
    type: "object",
    fields: {
      format: { type: "object", variants: { by: "type", of: formats } },
      verbosity: { type: "string", values: ["low", "medium", "high"], nullable: true },
    },
  },
  tool_choice: {
    type: ["string", "object"],
    values: ["none", "auto", "required"],
    variants: {
      by: "type",
      of: {
        function: { name: toolName },
        custom: { name: toolName },
        allowed_tools: {
          mode: { type: "string", required: true, values: ["auto", "required"] },
          tools: { type: "array", required: true },
        },
      },
    },
  },
  tools: {
    type: "array",
    items: {
      type: "object",
      variants: { by: "type", of: { function: functionTool, web_search: {} } },
    },
  },
  top_logprobs: { type: "integer", minimum: 0, maximum: 20, nullable: true },
  top_p: { type: "number", minimum: 0, maximum: 1, nullable: true },
  truncation: { type: "string", values: ["auto", "disabled"], nullable: true },
  user: { type: "string" },
};
