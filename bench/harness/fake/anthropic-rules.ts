/** The fields of POST /v1/messages by the API reference. https://platform.claude.com/docs/en/api/messages */
import type { FieldRule, FieldRules } from "./json-fields.ts";
import { imageTypes } from "./media.ts";

const cacheControl: FieldRules = {
  cache_control: {
    type: "object",
    nullable: true,
    fields: {
      type: { type: "string", required: true, values: ["ephemeral"] },
      ttl: { type: "string", values: ["5m", "1h"] },
    },
  },
};
const text: FieldRule = { type: "string", required: true };
const toolUseId: FieldRule = { type: "string", required: true, pattern: /[a-zA-Z0-9_-]+/ };
const toolName: FieldRule = {
  type: "string",
  required: true,
  minLength: 1,
  maxLength: 128,
  pattern: /[a-zA-Z0-9_-]+/,
};

const textBlock: FieldRules = {
  text,
  citations: { type: "array", nullable: true },
  ...cacheControl,
};

const imageBlock: FieldRules = {
  source: {
    type: "object",
    required: true,
    variants: {
      by: "type",
      of: {
        base64: { media_type: { ...text, values: imageTypes }, data: text },
        url: { url: text },
        file: { file_id: text },
      },
    },
  },
  transformations: { type: "object", nullable: true },
  ...cacheControl,
};

const documentBlock: FieldRules = {
  source: {
    type: "object",
    required: true,
    variants: {
      by: "type",
      of: {
        base64: { media_type: { ...text, values: ["application/pdf"] }, data: text },
        text: { media_type: { ...text, values: ["text/plain"] }, data: text },
        content: { content: { type: ["string", "array"], required: true } },
        url: { url: text },
        file: { file_id: text },
      },
    },
  },
  title: { type: "string", nullable: true },
  context: { type: "string", nullable: true },
  citations: { type: "object", nullable: true, fields: { enabled: { type: "boolean" } } },
  ...cacheControl,
};

const searchResultBlock: FieldRules = {
  source: text,
  title: text,
  content: { type: "array", required: true },
  citations: { type: "object", nullable: true, fields: { enabled: { type: "boolean" } } },
  ...cacheControl,
};

const toolResultBlock: FieldRules = {
  tool_use_id: toolUseId,
  content: {
    type: ["string", "array"],
    items: {
      type: "object",
      variants: {
        by: "type",
        of: {
          text: textBlock,
          image: imageBlock,
          document: documentBlock,
          search_result: searchResultBlock,
        },
      },
    },
  },
  is_error: { type: "boolean" },
  toolset_name: { type: "string", nullable: true },
  ...cacheControl,
};

/** Content blocks of a turn by type. */
export const blockVariants: Readonly<Record<string, FieldRules>> = {
  document: documentBlock,
  image: imageBlock,
  redacted_thinking: { data: text },
  search_result: searchResultBlock,
  text: textBlock,
  thinking: { thinking: text, signature: text },
  tool_result: toolResultBlock,
  tool_use: {
    id: toolUseId,
    name: toolName,
    input: { type: "object", required: true },
    caller: { type: "object" },
    toolset_name: { type: "string", nullable: true },
    ...cacheControl,
  },
};

/** Tools that are not the caller's own, by type; their settings are taken as they are. */
const serverTool: FieldRules = { name: text, max_uses: { type: "integer" }, ...cacheControl };

const tools: FieldRule = {
  type: "array",
  items: {
    type: "object",
    variants: {
      by: "type",
      otherwise: "custom",
      of: {
        custom: {
          name: toolName,
          description: { type: "string" },
          input_schema: { type: "object", required: true },
          strict: { type: "boolean" },
          defer_loading: { type: "boolean" },
          eager_input_streaming: { type: "boolean", nullable: true },
          input_examples: { type: "array" },
          allowed_callers: { type: "array" },
          ...cacheControl,
        },
        web_search_20250305: serverTool,
        web_search_20260209: serverTool,
        web_search_20260318: serverTool,
      },
    },
  },
};

const parallel: FieldRules = { disable_parallel_tool_use: { type: "boolean" } };
const display: FieldRules = {
  display: { type: "string", values: ["summarized", "omitted"], nullable: true },
};

/** The body of a token count. */
export const countRules: FieldRules = {
  model: { type: "string", required: true },
  messages: {
    type: "array",
    required: true,
    items: {
      type: "object",
      fields: {
        role: { type: "string", required: true, values: ["user", "assistant", "system"] },
        content: {
          type: ["string", "array"],
          required: true,
          items: { type: "object", variants: { by: "type", of: blockVariants } },
        },
      },
    },
  },
  ...cacheControl,
  output_config: {
    type: "object",
    fields: {
      effort: {
        type: "string",
        values: ["low", "medium", "high", "xhigh", "max"],
        nullable: true,
      },
      format: {
        type: "object",
        nullable: true,
        variants: {
          by: "type",
          of: { json_schema: { schema: { type: "object", required: true } } },
        },
      },
    },
  },
  speed: { type: "string", values: ["standard", "fast"], nullable: true },
  system: {
    type: ["string", "array"],
    items: { type: "object", variants: { by: "type", of: { text: textBlock } } },
  },
  thinking: {
    type: "object",
    variants: {
      by: "type",
      of: {
        enabled: { budget_tokens: { type: "integer", required: true, minimum: 1_024 }, ...display },
        disabled: {},
        adaptive: display,
        between_tools: {},
      },
    },
  },
  tool_choice: {
    type: "object",
    variants: {
      by: "type",
      of: { auto: parallel, any: parallel, tool: { name: text, ...parallel }, none: {} },
    },
  },
  tools,
  user_profile_id: { type: "string" },
  workspace_id: { type: "string" },
};

/** The body of a message. */
export const messageRules: FieldRules = {
  ...countRules,
  max_tokens: { type: "integer", required: true, minimum: 1 },
  container: { type: ["string", "object"], nullable: true },
  diagnostics: { type: "object", nullable: true },
  inference_geo: { type: "string", nullable: true },
  metadata: {
    type: "object",
    fields: { user_id: { type: "string", nullable: true, maxLength: 512 } },
  },
  service_tier: { type: "string", values: ["auto", "standard_only"] },
  stop_sequences: { type: "array", items: { type: "string" } },
  stream: { type: "boolean" },
};

/** Version 2026-10-21 refuses these even at their defaults. https://platform.claude.com/docs/en/api/versioning */
export const samplingRules: FieldRules = {
  temperature: { type: "number", minimum: 0, maximum: 1 },
  top_k: { type: "integer", minimum: 0 },
  top_p: { type: "number", minimum: 0, maximum: 1 },
};

/** Taken only with an `anthropic-beta` header. */
export const betaRules: FieldRules = {
  context_management: { type: "object", nullable: true },
  mcp_servers: { type: "array" },
};
