/**
 * Tools of a request into `toolConfig` of Converse
 * (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolConfiguration.html).
 */

import { toStrictSchema } from "../anthropic/strict-schema.ts";
import type { ChatRequest, Message, Tool, ToolChoice } from "../ir.ts";
import type { JsonObject } from "../json-text.ts";
import { createToolNames } from "../turns.ts";
import type { ModelSettings } from "./model-settings.ts";

/** Told to the model, for Converse has no word for tools that may not be called. */
const goneDescription =
  "Was used earlier in this conversation and is no longer there: it must not be called.";

/**
 * The tools of a request and their choice. A conversation with calls needs tools: where the agent no longer names any,
 * those that were called are declared by their names. Undefined: there are none.
 */
export function writeToolConfig(
  request: ChatRequest,
  { takesStrict }: ModelSettings,
): JsonObject | undefined {
  const { tools, toolChoice, messages } = request;
  if (tools.length === 0) {
    const called = calledTools(messages);
    return called.length === 0 ? undefined : { tools: called };
  }
  return {
    tools: tools.map((tool) =>
      takesStrict && tool.strict === true ? writeStrictTool(tool) : writeTool(tool),
    ),
    toolChoice: toolChoice === null ? undefined : writeToolChoice(toolChoice),
  };
}

function writeTool({ name, description, parameters }: Tool): JsonObject {
  return toolSpec({ name, description, json: schemaOf(parameters) });
}

/** Strict tools have schemas that Claude's provider can compile. */
function writeStrictTool({ name, description, parameters }: Tool): JsonObject {
  return toolSpec({ name, description, json: toStrictSchema(schemaOf(parameters)), strict: true });
}

function toolSpec(spec: {
  readonly name: string;
  readonly description: string | null;
  readonly json: JsonObject;
  readonly strict?: boolean;
}): JsonObject {
  const { name, description, json, strict } = spec;
  return {
    toolSpec: { name, description: description || undefined, inputSchema: { json }, strict },
  };
}

/** Converse wants an object at the top; other dialects let the type be absent. */
function schemaOf(parameters: JsonObject | null): JsonObject {
  if (parameters === null) return { type: "object", properties: {} };
  return Object.hasOwn(parameters, "type") ? parameters : { type: "object", ...parameters };
}

function calledTools(messages: readonly Message[]): JsonObject[] {
  const nameOf = createToolNames(messages);
  const names = new Set<string>();
  for (const { parts } of messages) {
    for (const part of parts) {
      if (part.kind === "tool-call") names.add(part.name);
      if (part.kind === "tool-result") names.add(nameOf(part) ?? "tool");
    }
  }
  const json = { type: "object" };
  return [...names].map((name) => toolSpec({ name, description: goneDescription, json }));
}

function writeToolChoice(choice: ToolChoice): JsonObject {
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
