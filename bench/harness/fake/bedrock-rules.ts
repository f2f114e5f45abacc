/** The fields of Converse and ConverseStream by the API reference. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html */
import type { FieldRule, FieldRules } from "./json-fields.ts";

const text: FieldRule = { type: "string", required: true };
const name: FieldRule = {
  type: "string",
  required: true,
  minLength: 1,
  maxLength: 64,
  pattern: /[a-zA-Z0-9_-]+/,
};
const open: FieldRule = { type: "object" };

function union(fields: FieldRules): FieldRule {
  return { type: "object", single: true, fields };
}

function listOf(items: FieldRule, more: Partial<FieldRule> = {}): FieldRule {
  return { type: "array", items, ...more };
}

const s3Location: FieldRule = {
  type: "object",
  fields: { uri: text, bucketOwner: { type: "string" } },
};

const cachePoint: FieldRule = {
  type: "object",
  fields: {
    type: { type: "string", required: true, values: ["default"] },
    ttl: { type: "string", values: ["5m", "1h"] },
  },
};

const image: FieldRule = {
  type: "object",
  fields: {
    format: { type: "string", required: true, values: ["png", "jpeg", "gif", "webp"] },
    source: { ...union({ bytes: text, s3Location }), required: true },
  },
};

const document: FieldRule = {
  type: "object",
  fields: {
    format: {
      type: "string",
      values: ["csv", "doc", "docx", "html", "md", "pdf", "txt", "xls", "xlsx"],
    },
    name: {
      type: "string",
      required: true,
      minLength: 1,
      maxLength: 200,
      pattern: /(?:[a-zA-Z0-9()[\]-]|\s(?!\s))+/,
    },
    source: {
      ...union({
        bytes: text,
        s3Location,
        text,
        content: listOf(union({ text })),
      }),
      required: true,
    },
    context: { type: "string" },
    citations: { type: "object", fields: { enabled: { type: "boolean", required: true } } },
  },
};

const video: FieldRule = {
  type: "object",
  fields: {
    format: { type: "string", required: true },
    source: { ...union({ bytes: text, s3Location }), required: true },
  },
};

const anything: FieldRule = {
  type: ["string", "number", "boolean", "array", "object"],
  nullable: true,
};

const toolResult: FieldRule = {
  type: "object",
  fields: {
    toolUseId: name,
    content: listOf(union({ json: anything, text: { type: "string" }, image, document, video }), {
      required: true,
    }),
    status: { type: "string", values: ["success", "error"] },
    type: { type: "string" },
  },
};

const contentBlock: FieldRule = union({
  text: { type: "string" },
  image,
  document,
  video,
  audio: open,
  toolUse: {
    type: "object",
    fields: {
      toolUseId: name,
      name,
      input: { type: "object", required: true },
      type: { type: "string", values: ["server_tool_use"] },
    },
  },
  toolResult,
  guardContent: open,
  cachePoint,
  reasoningContent: union({
    reasoningText: { type: "object", fields: { text, signature: { type: "string" } } },
    redactedContent: text,
  }),
  citationsContent: open,
  searchResult: open,
});

const messages: FieldRule = listOf({
  type: "object",
  fields: {
    role: { type: "string", required: true, values: ["user", "assistant"] },
    content: listOf(contentBlock, { required: true }),
  },
});

const system: FieldRule = listOf(
  union({ text: { type: "string", minLength: 1 }, guardContent: open, cachePoint }),
);

const toolConfig: FieldRule = {
  type: "object",
  fields: {
    tools: listOf(
      union({
        toolSpec: {
          type: "object",
          fields: {
            name,
            description: { type: "string", minLength: 1 },
            inputSchema: { ...union({ json: { type: "object" } }), required: true },
            strict: { type: "boolean" },
          },
        },
        systemTool: { type: "object", fields: { name } },
        cachePoint,
      }),
      { required: true, minItems: 1 },
    ),
    toolChoice: union({
      auto: { type: "object", fields: {} },
      any: { type: "object", fields: {} },
      tool: { type: "object", fields: { name } },
    }),
  },
};

/** The body of a conversation whose tokens are to be counted. */
export const countRules: FieldRules = {
  messages,
  system,
  toolConfig,
  additionalModelRequestFields: open,
};

/** The body of Converse and ConverseStream. */
export const converseRules: FieldRules = {
  ...countRules,
  inferenceConfig: {
    type: "object",
    fields: {
      maxTokens: { type: "integer", minimum: 1 },
      temperature: { type: "number", minimum: 0, maximum: 1 },
      topP: { type: "number", minimum: 0, maximum: 1 },
      stopSequences: listOf({ type: "string", minLength: 1 }, { maxItems: 2_500 }),
    },
  },
  guardrailConfig: open,
  promptVariables: open,
  additionalModelResponseFieldPaths: listOf(
    { type: "string", minLength: 1, maxLength: 256 },
    { maxItems: 10 },
  ),
  requestMetadata: open,
  performanceConfig: {
    type: "object",
    fields: { latency: { type: "string", values: ["standard", "optimized"] } },
  },
  serviceTier: {
    type: "object",
    fields: {
      type: {
        type: "string",
        required: true,
        values: ["default", "flex", "priority", "reserved"],
      },
    },
  },
  outputConfig: {
    type: "object",
    fields: {
      effort: { type: "string", values: ["low", "medium", "high", "xhigh", "max"] },
      textFormat: {
        type: "object",
        fields: {
          type: { type: "string", required: true, values: ["json_schema"] },
          structure: {
            ...union({
              jsonSchema: {
                type: "object",
                fields: { schema: text, name: { type: "string" }, description: { type: "string" } },
              },
            }),
            required: true,
          },
        },
      },
    },
  },
};
