/**
 * What no single field of a Messages request says: turns, calls and their results, thinking, and what a model does
 * not take. Wording as the API's. https://platform.claude.com/docs/en/api/messages
 */
import { anthropicError } from "./anthropic-error.ts";
import type { AnthropicModel } from "./anthropic-model.ts";
import { findSealProblem, findThinkingProblem } from "./anthropic-thinking.ts";
import { findToolTurnProblem } from "./anthropic-tool-turns.ts";
import { blocksOf, turnsOf } from "./anthropic-turns.ts";
import type { Turn } from "./anthropic-turns.ts";
import { isJsonObject } from "./json-fields.ts";
import type { JsonObject } from "./json-fields.ts";
import { inspectBase64 } from "./media.ts";
import type { Reply } from "./reply.ts";
import { anthropicSchemas, findSchemaProblem } from "./strict-schema.ts";

/** What the headers of a request settle. */
export interface AnthropicContract {
  /** `anthropic-version`, one of the known ones */
  readonly version: string;
  /** True with an `anthropic-beta` header */
  readonly beta: boolean;
}

/** Whether the version is 2026-10-21 or later. */
export function isStrictVersion({ version }: AnthropicContract): boolean {
  return version >= "2026-10-21";
}

/** The answer to a body whose fields are in order and which is refused all the same; undefined for a good one. */
export function findMeaningProblem(
  body: JsonObject,
  model: AnthropicModel,
  contract: AnthropicContract,
): Reply | undefined {
  const turns = turnsOf(body);
  const message =
    findTurnsProblem(turns, model) ??
    findBlockProblem(turns, contract) ??
    findEmptyText(body) ??
    findToolTurnProblem(turns) ??
    findToolsProblem(body) ??
    findThinkingProblem(body, turns, model) ??
    findModelProblem(body, model) ??
    findFormatProblem(body);
  return message === undefined ? undefined : anthropicError(400, message);
}

function findTurnsProblem(turns: readonly Turn[], model: AnthropicModel): string | undefined {
  const [first] = turns;
  const last = turns.at(-1);
  const isAdaptive = model.thinking === "adaptive";
  const system = turns.findIndex(({ role }) => role === "system");
  if (system >= 0 && !isAdaptive) return "role 'system' is not supported on this model";
  if (first?.role !== "user") return 'messages: first message must use the "user" role';
  if (system >= 0 && turns[system - 1]?.role !== "user") {
    return `messages.${system}: a system message must follow a user message`;
  }
  if (last?.role !== "assistant") return undefined;
  if (isAdaptive) {
    return "This model does not support assistant message prefill. The conversation must end with a user message.";
  }
  const text = last.blocks.at(-1)?.["text"];
  return typeof text === "string" && /\s$/.test(text)
    ? "messages: final assistant content cannot end with trailing whitespace"
    : undefined;
}

function findBlockProblem(turns: readonly Turn[], contract: AnthropicContract): string | undefined {
  for (const [index, { role, blocks }] of turns.entries()) {
    for (const [position, block] of blocks.entries()) {
      const at = `messages.${index}.content.${position}`;
      const problem =
        findPlaceProblem(block, role, contract) ??
        findMediaProblem(block) ??
        findSealProblem(block);
      if (problem !== undefined) return `${at}: ${problem}`;
    }
  }
  return undefined;
}

const userBlocks = ["document", "image", "search_result", "text", "tool_result"];
const assistantBlocks = ["document", "redacted_thinking", "text", "thinking", "tool_use"];

/** Which blocks a role may have; version 2026-10-21 added two rules. https://platform.claude.com/docs/en/api/versioning */
function findPlaceProblem(
  block: JsonObject,
  role: string,
  contract: AnthropicContract,
): string | undefined {
  const type = String(block["type"]);
  const allowed = { user: userBlocks, assistant: assistantBlocks, system: ["text"] }[role] ?? [];
  if (!allowed.includes(type)) return `\`${type}\` blocks are not permitted in ${role} messages`;
  if (!isStrictVersion(contract)) return undefined;
  if (role === "assistant" && type === "document") {
    return "document blocks are not permitted in assistant messages";
  }
  const { citations } = block;
  const cites = Array.isArray(citations) && citations.length > 0;
  return role === "user" && type === "text" && cites
    ? "citations are not permitted in user messages"
    : undefined;
}

function findMediaProblem(block: JsonObject): string | undefined {
  const { source, content } = block;
  const inner = block["type"] === "tool_result" ? blocksOf(content) : [];
  const nested = inner.map(findMediaProblem).find((problem) => problem !== undefined);
  if (nested !== undefined) return nested;
  if (!isJsonObject(source) || source["type"] !== "base64") return undefined;
  const found = inspectBase64(String(source["media_type"]), String(source["data"]));
  return found.kind === "broken" ? `source.base64: ${found.reason}` : undefined;
}

function findEmptyText(body: JsonObject): string | undefined {
  const all = [
    { where: "messages", blocks: turnsOf(body).flatMap(({ blocks }) => blocks) },
    { where: "system", blocks: body["system"] === "" ? [] : blocksOf(body["system"]) },
  ];
  for (const { where, blocks } of all) {
    const texts = [...blocks, ...blocks.flatMap(({ content }) => blocksOf(content))]
      .filter(({ type }) => type === "text")
      .map(({ text }) => String(text));
    if (texts.includes("")) return `${where}: text content blocks must be non-empty`;
    if (texts.some((text) => text.trim() === "")) {
      return `${where}: text content blocks must contain non-whitespace text`;
    }
  }
  return undefined;
}

function findToolsProblem(body: JsonObject): string | undefined {
  const { tool_choice: choice } = body;
  const tools: readonly unknown[] = Array.isArray(body["tools"]) ? body["tools"] : [];
  const names = tools.filter(isJsonObject).map(({ name }) => String(name));
  if (new Set(names).size < names.length) return "tools: Tool names must be unique.";
  for (const [index, tool] of tools.entries()) {
    const schema = isJsonObject(tool) ? tool["input_schema"] : undefined;
    if (!isJsonObject(tool) || !isJsonObject(schema)) continue;
    const at = `tools.${index}.custom.input_schema`;
    if (schema["type"] === undefined) return `${at}.type: Field required`;
    if (schema["type"] !== "object") return `${at}.type: Input should be 'object'`;
    const problem =
      tool["strict"] === true ? findSchemaProblem(schema, anthropicSchemas) : undefined;
    if (problem !== undefined) return `${at}: (${problem.place}) ${problem.reason}`;
  }
  if (!isJsonObject(choice)) return undefined;
  if (tools.length === 0) return "tool_choice: may only be specified while providing `tools`.";
  const { name } = choice;
  return typeof name === "string" && !names.includes(name)
    ? `tool_choice: Tool '${name}' not found in provided tools`
    : undefined;
}

function findModelProblem(body: JsonObject, model: AnthropicModel): string | undefined {
  const { max_tokens: limit, temperature, top_p: topP, output_config: output } = body;
  const { mostOutputTokens, snapshot } = model;
  if (typeof limit === "number" && limit > mostOutputTokens) {
    return `max_tokens: ${limit} > ${mostOutputTokens}, which is the maximum allowed number of output tokens for ${snapshot}`;
  }
  if (model.thinking === "adaptive") {
    const name = ["temperature", "top_p", "top_k"].find((one) => body[one] !== undefined);
    if (name !== undefined) return `\`${name}\` is deprecated for this model.`;
  }
  if (temperature !== undefined && topP !== undefined) {
    return "`temperature` and `top_p` cannot both be specified for this model. Please use only one.";
  }
  const effort = isJsonObject(output) ? output["effort"] : undefined;
  if (typeof effort !== "string" || model.efforts.includes(effort)) return undefined;
  return model.efforts.length === 0
    ? "This model does not support the effort parameter."
    : `This model does not support effort level '${effort}'. Supported levels: ${model.efforts.join(", ")}.`;
}

function findFormatProblem(body: JsonObject): string | undefined {
  const { output_config: output, stop_sequences: stops } = body;
  if (Array.isArray(stops) && stops.some((stop) => String(stop).trim() === "")) {
    return "stop_sequences: each stop sequence must contain non-whitespace";
  }
  const format = isJsonObject(output) ? output["format"] : undefined;
  const schema = isJsonObject(format) ? format["schema"] : undefined;
  if (!isJsonObject(schema)) return undefined;
  const problem = findSchemaProblem(schema, anthropicSchemas);
  return problem === undefined
    ? undefined
    : `output_config.format.schema: (${problem.place}) ${problem.reason}`;
}
