/** Tools of a request and their choice, written from the IR (https://docs.anthropic.com/en/docs/build-with-claude/tool-use). */

import type { ChatRequest, Message, Tool, ToolChoice } from "../ir.ts";
import type { JsonObject } from "../json-text.ts";
import type { ClaudeGeneration } from "./claude-generation.ts";
import { messagesDialect } from "./dialect.ts";
import { memberOf } from "./json-members.ts";
import { toStrictSchema } from "./strict-schema.ts";

/**
 * The `tools` and `tool_choice` of a request. A conversation with calls needs the tools that were called: where the agent
 * no longer names any they are declared by their names, and none may be called.
 */
export function encodeToolSettings(request: ChatRequest, { lacks }: ClaudeGeneration): JsonObject {
  const { tools, messages, variant } = request;
  if (tools.length === 0) {
    const called = variant === messagesDialect ? [] : calledTools(messages);
    return called.length === 0 ? {} : { tools: called, tool_choice: { type: "none" } };
  }
  const knowsStrict = !lacks.has("tool-strict");
  return {
    tools: tools.map((tool) =>
      encodeTool(tool, { variant, isStrict: knowsStrict && tool.strict === true }),
    ),
    tool_choice: encodeToolChoice(request),
  };
}

function calledTools(messages: readonly Message[]): JsonObject[] {
  const names = new Set<string>();
  for (const { parts } of messages) {
    for (const part of parts) if (part.kind === "tool-call") names.add(part.name);
  }
  return [...names].map((name) => ({ name, input_schema: { type: "object" } }));
}

function encodeTool(
  { name, description, parameters }: Tool,
  { variant, isStrict }: { readonly variant: string; readonly isStrict: boolean },
): JsonObject {
  const schema = encodeSchema(parameters);
  return {
    name,
    ...(description !== null && { description }),
    input_schema: isStrict && variant !== messagesDialect ? toStrictSchema(schema) : schema,
    ...(isStrict && { strict: true }),
  };
}

/** The API wants the type at the top; other dialects let it be absent. */
function encodeSchema(parameters: JsonObject | null): JsonObject {
  if (parameters === null) return { type: "object", properties: {} };
  return memberOf(parameters, "type") === undefined
    ? { type: "object", ...parameters }
    : parameters;
}

/** Undefined: the provider's default. */
function encodeToolChoice({ toolChoice, parallelToolCalls }: ChatRequest): JsonObject | undefined {
  if (toolChoice === null && parallelToolCalls === null) return undefined;
  const choice = encodeChoice(toolChoice ?? { kind: "auto" });
  if (parallelToolCalls === null || choice["type"] === "none") return choice;
  return { ...choice, disable_parallel_tool_use: !parallelToolCalls };
}

function encodeChoice(choice: ToolChoice): JsonObject {
  switch (choice.kind) {
    case "auto":
      return { type: "auto" };
    case "none":
      return { type: "none" };
    case "required":
      return { type: "any" };
    case "tool":
      return { type: "tool", name: choice.name };
  }
}
