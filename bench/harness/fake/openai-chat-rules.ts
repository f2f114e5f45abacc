/** The fields of POST /v1/chat/completions by the API reference. https://platform.openai.com/docs/api-reference/chat/create */
import type { FieldRule, FieldRules } from "./json-fields.ts";

const toolName: FieldRule = {
  type: "string",
  required: true,
  pattern: /[a-zA-Z0-9_-]+/,
  maxLength: 64,
};
const callId: FieldRule = { type: "string", required: true, minLength: 1, maxLength: 40 };
const breakpoint: FieldRules = { prompt_cache_breakpoint: { type: "object" } };

const textPart: FieldRules = { text: { type: "string", required: true }, ...breakpoint };

const userParts: Readonly<Record<string, FieldRules>> = {
  text: textPart,
  image_url: {
    image_url: {
      type: "object",
      required: true,
      fields: {
        url: { type: "string", required: true, minLength: 1 },
        detail: { type: "string", values: ["auto", "low", "high", "original"] },
      },
    },
    ...breakpoint,
  },
  input_audio: {
    input_audio: {
      type: "object",
      required: true,
      fields: {
        data: { type: "string", required: true },
        format: { type: "string", required: true, values: ["wav", "mp3"] },
      },
    },
    ...breakpoint,
  },
  file: {
    file: {
      type: "object",
      required: true,
      fields: {
        file_data: { type: "string" },
        file_id: { type: "string" },
        filename: { type: "string" },
      },
    },
    ...breakpoint,
  },
};

function content(parts: Readonly<Record<string, FieldRules>>, more: Partial<FieldRule>): FieldRule {
  return {
    type: ["string", "array"],
    minItems: 1,
    items: { type: "object", variants: { by: "type", of: parts } },
    ...more,
  };
}

const instructions: FieldRules = {
  content: content({ text: textPart }, { required: true }),
  name: { type: "string" },
};

const functionCall: FieldRule = {
  type: "object",
  nullable: true,
  fields: {
    name: { type: "string", required: true },
    arguments: { type: "string", required: true },
  },
};

const toolCall: FieldRule = {
  type: "object",
  variants: {
    by: "type",
    of: {
      function: {
        id: callId,
        function: {
          type: "object",
          required: true,
          fields: { name: toolName, arguments: { type: "string", required: true } },
        },
      },
      custom: {
        id: callId,
        custom: {
          type: "object",
          required: true,
          fields: { name: toolName, input: { type: "string", required: true } },
        },
      },
    },
  },
};

/** Fields of messages by role. */
export const messageVariants: Readonly<Record<string, FieldRules>> = {
  system: instructions,
  developer: instructions,
  user: { content: content(userParts, { required: true }), name: { type: "string" } },
  assistant: {
    content: content(
      { text: textPart, refusal: { refusal: { type: "string", required: true } } },
      { nullable: true },
    ),
    name: { type: "string" },
    refusal: { type: "string", nullable: true },
    tool_calls: { type: "array", minItems: 1, items: toolCall },
    function_call: functionCall,
    audio: { type: "object", nullable: true, fields: { id: { type: "string", required: true } } },
    annotations: { type: "array" },
  },
  tool: {
    content: content({ text: textPart }, { required: true }),
    tool_call_id: callId,
  },
  function: {
    content: { type: "string", required: true, nullable: true },
    name: { type: "string", required: true },
  },
};

const functionTool: FieldRule = {
  type: "object",
  required: true,
  fields: {
    name: toolName,
    description: { type: "string" },
    parameters: { type: "object" },
    strict: { type: "boolean", nullable: true },
  },
};

/** Tools that a request offers. */
export const toolRules: FieldRule = {
  type: "array",
  minItems: 1,
  maxItems: 128,
  items: {
    type: "object",
    variants: {
      by: "type",
      of: {
        function: { function: functionTool },
        custom: { custom: { type: "object", required: true } },
      },
    },
  },
};

const namedTool: FieldRule = { type: "object", required: true, fields: { name: toolName } };

const toolChoice: FieldRule = {
  type: ["string", "object"],
  values: ["none", "auto", "required"],
  variants: {
    by: "type",
    of: {
      function: { function: namedTool },
      custom: { custom: namedTool },
      allowed_tools: {
        allowed_tools: {
          type: "object",
          required: true,
          fields: {
            mode: { type: "string", required: true, values: ["auto", "required"] },
            tools: { type: "array", required: true },
          },
        },
      },
    },
  },
};

/** `response_format`. */
export const formatRules: FieldRule = {
  type: "object",
  variants: {
    by: "type",
    of: {
      text: {},
      json_object: {},
      json_schema: {
        json_schema: {
          type: "object",
          required: true,
          fields: {
            name: { ...toolName },
            description: { type: "string" },
            schema: { type: "object" },
            strict: { type: "boolean", nullable: true },
          },
        },
      },
    },
  },
};

const streamOptions: FieldRule = {
  type: "object",
  nullable: true,
  fields: { include_usage: { type: "boolean" }, include_obfuscation: { type: "boolean" } },
};

/** The whole body. */
export const chatRules: FieldRules = {
  model: { type: "string", required: true },
  messages: {
    type: "array",
    required: true,
    items: { type: "object", variants: { by: "role", of: messageVariants } },
  },
  audio: { type: "object", nullable: true },
  frequency_penalty: { type: "number", minimum: -2, maximum: 2, nullable: true },
  function_call: { type: ["string", "object"] },
  functions: { type: "array" },
  logit_bias: { type: "object", nullable: true },
  logprobs: { type: "boolean", nullable: true },
  max_completion_tokens: { type: "integer", minimum: 1, nullable: true },
  max_tokens: { type: "integer", minimum: 1, nullable: true },
  metadata: { type: "object", nullable: true },
  modalities: { type: "array", nullable: true },
  moderation: { type: "object", nullable: true },
  n: { type: "integer", minimum: 1, maximum: 128, nullable: true },
  parallel_tool_calls: { type: "boolean" },
  prediction: { type: "object", nullable: true },
  presence_penalty: { type: "number", minimum: -2, maximum: 2, nullable: true },
  prompt_cache_key: { type: "string", nullable: true },
  prompt_cache_options: { type: "object" },
  prompt_cache_retention: { type: "string", values: ["in_memory", "24h"], nullable: true },
  reasoning_effort: {
    type: "string",
    values: ["none", "minimal", "low", "medium", "high", "xhigh", "max"],
    nullable: true,
  },
  response_format: formatRules,
  safety_identifier: { type: "string", nullable: true },
  seed: { type: "integer", nullable: true },
  service_tier: {
    type: "string",
    values: ["auto", "default", "flex", "scale", "priority", "fast"],
    nullable: true,
  },
  stop: {
    type: ["string", "array"],
    nullable: true,
    maxItems: 4,
    items: { type: "string", minLength: 1 },
  },
  store: { type: "boolean", nullable: true },
  stream: { type: "boolean", nullable: true },
  stream_options: streamOptions,
  temperature: { type: "number", minimum: 0, maximum: 2, nullable: true },
  tool_choice: toolChoice,
  tools: toolRules,
  top_logprobs: { type: "integer", minimum: 0, maximum: 20, nullable: true },
  top_p: { type: "number", minimum: 0, maximum: 1, nullable: true },
  user: { type: "string" },
  verbosity: { type: "string", values: ["low", "medium", "high"], nullable: true },
  web_search_options: { type: "object" },
};
