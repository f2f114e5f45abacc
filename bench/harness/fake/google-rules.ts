/** The fields of Gemini requests by the API reference. https://ai.google.dev/api/generate-content https://ai.google.dev/api/caching#Content */
import type { FieldRule, FieldRules } from "./json-fields.ts";

const text: FieldRule = { type: "string" };
const number: FieldRule = { type: "number" };
const count: FieldRule = { type: ["string", "integer"] };
const open: FieldRule = { type: "object" };

const functionName: FieldRule = {
  type: "string",
  required: true,
  pattern: /[a-zA-Z_][a-zA-Z0-9_.:-]*/,
  maxLength: 128,
};

const blob: FieldRule = {
  type: "object",
  fields: {
    mimeType: { type: "string", required: true },
    data: { type: "string", required: true },
    displayName: text,
  },
};

const fileData: FieldRule = {
  type: "object",
  fields: { fileUri: { type: "string", required: true }, mimeType: text, displayName: text },
};

/** The members of a part of which exactly one is set. */
export const partMembers: FieldRules = {
  text,
  inlineData: blob,
  fileData,
  functionCall: {
    type: "object",
    fields: { id: text, name: functionName, args: open },
  },
  functionResponse: {
    type: "object",
    fields: {
      id: text,
      name: functionName,
      response: { type: "object", required: true },
      parts: {
        type: "array",
        items: { type: "object", single: true, fields: { inlineData: blob, fileData } },
      },
      scheduling: text,
      willContinue: { type: "boolean" },
    },
  },
  executableCode: open,
  codeExecutionResult: open,
};

/** What a part may say beside its member. */
export const partExtras: FieldRules = {
  thought: { type: "boolean" },
  thoughtSignature: { type: "string", pattern: /[A-Za-z0-9+/_-]+={0,2}/ },
  videoMetadata: open,
  mediaResolution: open,
  partMetadata: open,
};

/** Turns and instructions; `findPartProblem` judges what only one member may be. */
export const contentRule: FieldRule = {
  type: "object",
  fields: {
    role: text,
    parts: {
      type: "array",
      required: true,
      items: { type: "object", fields: { ...partMembers, ...partExtras } },
    },
  },
};

/** The OpenAPI form of a schema; `google-schema.ts` goes on into it. */
export const schemaRules: FieldRules = {
  type: {
    type: "string",
    values: ["STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"],
  },
  format: text,
  title: text,
  description: text,
  nullable: { type: "boolean" },
  enum: { type: "array", items: text },
  items: open,
  prefixItems: { type: "array" },
  properties: open,
  required: { type: "array", items: text },
  propertyOrdering: { type: "array", items: text },
  anyOf: { type: "array", items: open },
  minItems: count,
  maxItems: count,
  minLength: count,
  maxLength: count,
  minProperties: count,
  maxProperties: count,
  minimum: number,
  maximum: number,
  pattern: text,
  default: { type: ["string", "number", "boolean", "array", "object", "integer"], nullable: true },
  example: { type: ["string", "number", "boolean", "array", "object", "integer"], nullable: true },
};

const functionDeclaration: FieldRule = {
  type: "object",
  fields: {
    name: functionName,
    description: text,
    behavior: text,
    parameters: open,
    parametersJsonSchema: open,
    response: open,
    responseJsonSchema: open,
  },
};

const tool: FieldRule = {
  type: "object",
  fields: {
    functionDeclarations: { type: "array", items: functionDeclaration },
    googleSearch: open,
    googleSearchRetrieval: open,
    codeExecution: open,
    urlContext: open,
    computerUse: open,
    fileSearch: open,
    googleMaps: open,
    mcpServers: { type: "array" },
  },
};

const toolConfig: FieldRule = {
  type: "object",
  fields: {
    functionCallingConfig: {
      type: "object",
      fields: {
        mode: { type: "string", values: ["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"] },
        allowedFunctionNames: { type: "array", items: text },
      },
    },
    retrievalConfig: open,
    includeServerSideToolInvocations: { type: "boolean" },
  },
};

const generationConfig: FieldRule = {
  type: "object",
  fields: {
    stopSequences: { type: "array", maxItems: 5, items: { type: "string", minLength: 1 } },
    responseMimeType: {
      type: "string",
      values: ["text/plain", "application/json", "text/x.enum"],
    },
    responseSchema: open,
    responseJsonSchema: open,
    responseModalities: { type: "array", items: text },
    candidateCount: { type: "integer", minimum: 1, maximum: 8 },
    maxOutputTokens: { type: "integer", minimum: 1 },
    temperature: { type: "number", minimum: 0, maximum: 2 },
    topP: { type: "number", minimum: 0, maximum: 1 },
    topK: { type: "number", minimum: 1 },
    seed: { type: "integer", minimum: -2_147_483_648, maximum: 2_147_483_647 },
    presencePenalty: { type: "number", minimum: -2, maximum: 2 },
    frequencyPenalty: { type: "number", minimum: -2, maximum: 2 },
    responseLogprobs: { type: "boolean" },
    logprobs: { type: "integer", minimum: 0, maximum: 20 },
    enableEnhancedCivicAnswers: { type: "boolean" },
    speechConfig: open,
    imageConfig: open,
    audioTranscriptionConfig: open,
    mediaResolution: text,
    thinkingConfig: {
      type: "object",
      fields: {
        includeThoughts: { type: "boolean" },
        thinkingBudget: { type: "integer", minimum: -1 },
        thinkingLevel: { type: "string", values: ["MINIMAL", "LOW", "MEDIUM", "HIGH"] },
      },
    },
  },
};

/** The body of generateContent and streamGenerateContent. */
export const generateRules: FieldRules = {
  contents: { type: "array", required: true, items: contentRule },
  systemInstruction: contentRule,
  tools: { type: "array", items: tool },
  toolConfig,
  safetySettings: {
    type: "array",
    items: {
      type: "object",
      fields: {
        category: { type: "string", required: true },
        threshold: { type: "string", required: true },
      },
    },
  },
  generationConfig,
  cachedContent: text,
  serviceTier: text,
  continuationToken: text,
  store: { type: "boolean" },
  labels: open,
};

const embedFields: FieldRules = {
  content: { ...contentRule, required: true },
  taskType: {
    type: "string",
    values: [
      "RETRIEVAL_QUERY",
      "RETRIEVAL_DOCUMENT",
      "SEMANTIC_SIMILARITY",
      "CLASSIFICATION",
      "CLUSTERING",
      "QUESTION_ANSWERING",
      "FACT_VERIFICATION",
      "CODE_RETRIEVAL_QUERY",
    ],
  },
  title: text,
  outputDimensionality: { type: "integer", minimum: 1 },
};

/** The body of embedContent. https://ai.google.dev/api/embeddings */
export const embedRules: FieldRules = { ...embedFields, model: text };

/** The body of batchEmbedContents. */
export const batchEmbedRules: FieldRules = {
  requests: {
    type: "array",
    required: true,
    minItems: 1,
    items: {
      type: "object",
      fields: { ...embedFields, model: { type: "string", required: true } },
    },
  },
};

/** The body of countTokens; either of the two. https://ai.google.dev/api/tokens */
export const countRules: FieldRules = {
  contents: { type: "array", items: contentRule },
  generateContentRequest: {
    type: "object",
    fields: { ...generateRules, model: { type: "string", required: true } },
  },
};
