/** Reads a chat request that is in order into a conversation. */
import { countTurns } from "./conversation.ts";
import type { Conversation, OfferedTool, ToolOutcome } from "./conversation.ts";
import { isJsonObject } from "./json-fields.ts";
import type { JsonObject } from "./json-fields.ts";
import { inspectBase64, inspectImageUrl, parseDataUrl } from "./media.ts";
import { messagesOf } from "./openai-chat-problem.ts";
import { countTokens } from "./tokens.ts";

// Overheads of the chat format, from OpenAI's published way to count tokens.
const overhead = { turn: 4, request: 3 };

/** The conversation of a body; a model that reasons keeps its reasoning to itself in this API. */
export function readChat(body: JsonObject, model: { readonly reasoning: boolean }): Conversation {
  const messages = messagesOf(body);
  const asked = messages.findLast(({ role }) => role === "user");
  const instructions = messages.filter(({ role }) => role === "system" || role === "developer");
  const tools = toolsOf(body["tools"]);
  const limit = body["max_completion_tokens"] ?? body["max_tokens"];
  return {
    system: instructions.map(({ content }) => textOf(content)).join("\n"),
    said: textOf(asked?.["content"]),
    attached: attachedOf(asked?.["content"]),
    results: resultsOf(messages),
    tools,
    choice: choiceOf(body["tool_choice"]),
    parallel: body["parallel_tool_calls"] !== false,
    form: formOf(body["response_format"]),
    thinks: model.reasoning && body["reasoning_effort"] !== "none" ? "hidden" : "no",
    stops: stopsOf(body["stop"]),
    limit: Number(limit ?? Number.POSITIVE_INFINITY),
    inputTokens:
      countTurns(
        messages.map(({ content }) => textOf(content)),
        overhead,
      ) + tools.reduce((sum, tool) => sum + countTokens(JSON.stringify(tool)), 0),
  };
}

/** Form that `response_format` of chat, or `text.format` of Responses, asks for. */
export function formOf(format: unknown): Conversation["form"] {
  if (!isJsonObject(format)) return "text";
  if (format["type"] === "json_object") return "json";
  const wanted = format["json_schema"] ?? format;
  const schema = isJsonObject(wanted) ? wanted["schema"] : undefined;
  return isJsonObject(schema) ? { schema } : "text";
}

/** `stop` as a list. */
export function stopsOf(stop: unknown): readonly string[] {
  if (typeof stop === "string") return [stop];
  return Array.isArray(stop) ? stop.filter((one) => typeof one === "string") : [];
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((part) => (isJsonObject(part) && typeof part["text"] === "string" ? part["text"] : ""))
    .join("");
}

function attachedOf(content: unknown): readonly string[] {
  const parts: readonly unknown[] = Array.isArray(content) ? content : [];
  return parts.filter(isJsonObject).flatMap(({ image_url: image, file }) => {
    if (isJsonObject(image)) return wordsOf(inspectImageUrl(String(image["url"])));
    if (!isJsonObject(file)) return [];
    const parsed = parseDataUrl(String(file["file_data"]));
    if (parsed === undefined) return [`file ${String(file["file_id"])}`];
    return wordsOf(inspectBase64(parsed.mediaType, parsed.data));
  });
}

function wordsOf(found: ReturnType<typeof inspectImageUrl>): string[] {
  return found.kind === "fine" ? [found.words] : [];
}

function resultsOf(messages: readonly JsonObject[]): ToolOutcome[] {
  const turn = messages.findLastIndex(({ role }) => role === "assistant");
  return messages
    .slice(turn + 1)
    .filter(({ role }) => role === "tool")
    .map(({ content }) => ({ text: textOf(content), failed: false }));
}

function toolsOf(tools: unknown): OfferedTool[] {
  const list: readonly unknown[] = Array.isArray(tools) ? tools : [];
  return list.filter(isJsonObject).flatMap(({ function: declared }) => {
    if (!isJsonObject(declared)) return [];
    return [{ name: String(declared["name"]), parameters: declared["parameters"] }];
  });
}

function choiceOf(choice: unknown): Conversation["choice"] {
  if (choice === "none" || choice === "required") return choice;
  if (!isJsonObject(choice)) return "auto";
  const { function: named } = choice;
  return isJsonObject(named) ? { name: String(named["name"]) } : "auto";
}
