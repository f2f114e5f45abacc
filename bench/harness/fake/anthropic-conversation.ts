/** Reads a Messages request that is in order into a conversation. */
import { blocksOf, turnsOf } from "./anthropic-turns.ts";
import { countTurns } from "./conversation.ts";
import type { Conversation, OfferedTool } from "./conversation.ts";
import { isJsonObject } from "./json-fields.ts";
import type { JsonObject } from "./json-fields.ts";
import { inspectBase64 } from "./media.ts";
import { countTokens } from "./tokens.ts";

const overhead = { turn: 4, request: 3 };

/** The conversation of a body. */
export function readMessages(body: JsonObject): Conversation {
  const turns = turnsOf(body);
  const users = turns.filter(({ role }) => role === "user").map(({ blocks }) => blocks);
  const asked = users.findLast((blocks) => textOf(blocks) !== "") ?? [];
  const { thinking, tool_choice: choice, output_config: output } = body;
  const told = turns.filter(({ role }) => role === "system").map(({ blocks }) => textOf(blocks));
  const last = turns.at(-1)?.role === "assistant" ? [] : (users.at(-1) ?? []);
  return {
    system: [textOf(blocksOf(body["system"])), ...told].join("\n"),
    said: textOf(asked),
    attached: attachedOf(asked),
    results: resultsOf(last),
    tools: toolsOf(body["tools"]),
    choice: choiceOf(choice),
    parallel: !(isJsonObject(choice) && choice["disable_parallel_tool_use"] === true),
    form: formOf(output),
    thinks: thinksOf(thinking),
    stops: Array.isArray(body["stop_sequences"]) ? body["stop_sequences"].map(String) : [],
    limit: Number(body["max_tokens"] ?? Number.POSITIVE_INFINITY),
    inputTokens: countInput(body),
  };
}

/** Input tokens that a message of this body is charged. */
export function countInput(body: JsonObject): number {
  const texts = turnsOf(body).map(({ blocks }) => textOf(blocks));
  const tools = toolsOf(body["tools"]);
  return (
    countTurns(texts, overhead) +
    countTokens(textOf(blocksOf(body["system"]))) +
    tools.reduce((sum, tool) => sum + countTokens(JSON.stringify(tool)), 0)
  );
}

function textOf(blocks: readonly JsonObject[]): string {
  return blocks.map(({ text }) => (typeof text === "string" ? text : "")).join("");
}

function attachedOf(blocks: readonly JsonObject[]): string[] {
  return blocks.flatMap(({ type, source }) => {
    if (!isJsonObject(source)) return [];
    const { type: sort, url, file_id: id, data } = source;
    if (sort === "url") return [`${String(type)} at ${String(url)}`];
    if (sort === "file") return [`file ${String(id)}`];
    if (sort === "text") return [`document "${String(data)}"`];
    const found = inspectBase64(String(source["media_type"]), String(data));
    return found.kind === "fine" ? [found.words] : [];
  });
}

function resultsOf(blocks: readonly JsonObject[]): Conversation["results"] {
  return blocks
    .filter(({ type }) => type === "tool_result")
    .map(({ content, is_error: isError }) => {
      const inner = blocksOf(content);
      const text = [textOf(inner), ...attachedOf(inner)].join(" with ");
      return { text, failed: isError === true };
    });
}

function toolsOf(tools: unknown): OfferedTool[] {
  const list: readonly unknown[] = Array.isArray(tools) ? tools : [];
  return list
    .filter(isJsonObject)
    .filter(({ input_schema: schema }) => schema !== undefined)
    .map(({ name, input_schema: parameters }) => ({ name: String(name), parameters }));
}

function choiceOf(choice: unknown): Conversation["choice"] {
  if (!isJsonObject(choice)) return "auto";
  switch (choice["type"]) {
    case "none":
      return "none";
    case "any":
      return "required";
    case "tool":
      return { name: String(choice["name"]) };
    default:
      return "auto";
  }
}

function formOf(output: unknown): Conversation["form"] {
  const format = isJsonObject(output) ? output["format"] : undefined;
  const schema = isJsonObject(format) ? format["schema"] : undefined;
  return isJsonObject(schema) ? { schema } : "text";
}

function thinksOf(thinking: unknown): Conversation["thinks"] {
  if (!isJsonObject(thinking)) return "no";
  const { type, display } = thinking;
  if (type !== "enabled" && type !== "adaptive") return "no";
  return display === "omitted" ? "hidden" : "shown";
}
