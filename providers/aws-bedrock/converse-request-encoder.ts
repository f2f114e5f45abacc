/**
 * Requests of the IR into Converse
 * (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html). The model and whether the answer
 * is to be a stream are in the path, so they are not in the body.
 */

import type { ChatRequest, Message, OutputFormat, Part, Tool, ToolChoice } from "../ir.ts";
import type { JsonNumber, JsonObject } from "../json-text.ts";
import { writeJson } from "../json-text.ts";
import { createToolNames, joinTurns } from "../turns.ts";
import { findClaudeModel } from "./claude-model.ts";
import type { BlockWriting } from "./converse-content-encoder.ts";
import { placeholder, writeBlocks } from "./converse-content-encoder.ts";
import { createDocumentNames } from "./document-names.ts";
import type { ModelSettings } from "./model-settings.ts";
import { settingsOf } from "./model-settings.ts";

/** Highest temperature and top-p that Converse takes. */
const highest = 1;

/** Writes the body of a request. */
export function encodeConverseRequest(request: ChatRequest): string {
  const settings = settingsOf(request);
  const writing: BlockWriting = {
    documentName: createDocumentNames(),
    // Only Claude is known to take its reasoning back.
    reasoning: findClaudeModel(request.model) === null ? "none" : "signed",
  };
  const system = writeBlocks(request.system, writing);
  return writeJson({
    messages: writeMessages(request.messages, writing),
    system: system.length > 0 ? system : undefined,
    inferenceConfig: writeInference(request, settings),
    toolConfig: writeToolConfig(request),
    outputConfig: writeOutputConfig(request.output, settings),
    additionalModelRequestFields: settings.fields,
    additionalModelResponseFieldPaths: request.stop.length > 0 ? ["/stop_sequence"] : undefined,
  });
}

/** Turns that alternate, the user's first. */
function writeMessages(messages: readonly Message[], writing: BlockWriting): JsonObject[] {
  const turns = messages.map(({ role, parts }) => ({
    role,
    parts: parts.filter((part) => isWritten(part, writing)),
  }));
  const joined = joinTurns(turns);
  if (joined[0]?.role !== "user") {
    joined.unshift({ role: "user", parts: [{ kind: "text", text: placeholder }] });
  }
  return joined.map(({ role, parts }) => ({
    role,
    content: writeTurn(role === "user" ? resultsFirst(parts) : parts, writing),
  }));
}

/** Whether a part becomes a block, asked without making it. */
function isWritten(part: Part, writing: BlockWriting): boolean {
  const isCheap = part.kind === "text" || part.kind === "refusal" || part.kind === "reasoning";
  return !isCheap || writeBlocks([part], writing).length > 0;
}

/** Claude wants results before all else in the turn that follows its calls. */
function resultsFirst(parts: readonly Part[]): readonly Part[] {
  const results = parts.filter(({ kind }) => kind === "tool-result");
  if (results.length === 0) return parts;
  return [...results, ...parts.filter(({ kind }) => kind !== "tool-result")];
}

/** A document must have text beside it. */
function writeTurn(parts: readonly Part[], writing: BlockWriting): JsonObject[] {
  const blocks = writeBlocks(parts, writing);
  const hasDocument = parts.some(({ kind }) => kind === "document");
  const hasText = parts.some(({ kind }) => kind === "text");
  if (hasDocument && !hasText) blocks.push({ text: placeholder });
  return blocks;
}

function writeInference(request: ChatRequest, { sampling }: ModelSettings): JsonObject | undefined {
  const { maxOutputTokens, temperature, topP, stop } = request;
  const config = {
    maxTokens: maxOutputTokens ?? undefined,
    temperature: sampling ? atMost(temperature, highest) : undefined,
    topP: sampling ? atMost(topP, highest) : undefined,
    stopSequences: stop.length > 0 ? stop : undefined,
  };
  return Object.values(config).some((one) => one !== undefined) ? config : undefined;
}

function atMost(number: JsonNumber | null, most: number): JsonNumber | undefined {
  if (number === null) return undefined;
  return Number(typeof number === "number" ? number : number.rawJSON) > most ? most : number;
}

function writeToolConfig(request: ChatRequest): JsonObject | undefined {
  const { tools, toolChoice, model } = request;
  if (tools.length === 0) {
    const past = pastTools(request.messages);
    return past.length > 0 ? { tools: past.map((name) => writePastTool(name)) } : undefined;
  }
  const takesStrict = findClaudeModel(model)?.structuredOutput === true;
  return {
    tools: tools.map((tool) => writeTool(tool, takesStrict ? "strict" : "plain")),
    toolChoice: toolChoice === null ? undefined : writeToolChoice(toolChoice),
  };
}

function writeTool(tool: Tool, form: "strict" | "plain"): JsonObject {
  const { name, description, parameters, strict } = tool;
  return {
    toolSpec: {
      name,
      description: description === null || description === "" ? undefined : description,
      inputSchema: { json: { type: "object", ...parameters } },
      strict: form === "strict" ? (strict ?? undefined) : undefined,
    },
  };
}

/** Names of tools that the conversation used; Converse wants them configured, also where there are none any more. */
function pastTools(messages: readonly Message[]): string[] {
  const nameOf = createToolNames(messages);
  const names = new Set<string>();
  for (const { parts } of messages) {
    for (const part of parts) {
      if (part.kind === "tool-call") names.add(part.name);
      if (part.kind === "tool-result") names.add(nameOf(part) ?? "tool");
    }
  }
  return [...names];
}

function writePastTool(name: string): JsonObject {
  const description =
    "Was used earlier in this conversation and is no longer there: do not call it.";
  return { toolSpec: { name, description, inputSchema: { json: { type: "object" } } } };
}

function writeToolChoice(choice: ToolChoice): JsonObject | undefined {
  switch (choice.kind) {
    case "auto":
      return { auto: {} };
    case "required":
      return { any: {} };
    case "tool":
      return { tool: { name: choice.name } };
    case "none":
      throw new TypeError("Cannot write toolChoice: Converse has no word for none");
  }
}

function writeOutputConfig(output: OutputFormat, { effort }: ModelSettings) {
  if (output.kind !== "schema") return effort === undefined ? undefined : { effort };
  const jsonSchema = {
    schema: writeJson(output.schema),
    name: output.name ?? undefined,
    description: output.description ?? undefined,
  };
  return { textFormat: { type: "json_schema", structure: { jsonSchema } }, effort };
}
