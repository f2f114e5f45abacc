/** Reads a Responses request that is in order into a conversation. */
import { countTurns } from "./conversation.ts";
import type { Conversation, OfferedTool } from "./conversation.ts";
import { isJsonObject } from "./json-fields.ts";
import type { JsonObject } from "./json-fields.ts";
import { inspectBase64, inspectImageUrl, parseDataUrl } from "./media.ts";
import { formOf } from "./openai-chat-conversation.ts";
import { itemsOf } from "./openai-responses-problem.ts";
import { countTokens } from "./tokens.ts";

const overhead = { turn: 4, request: 0 };

/** The conversation of a body; reasoning shows where a summary is asked for. */
export function readResponse(
  body: JsonObject,
  model: { readonly reasoning: boolean },
): Conversation {
  const items = itemsOf(body);
  const { instructions, reasoning, text } = body;
  const asked = items.findLast(({ role }) => role === "user");
  const told = items.filter(({ role }) => role === "system" || role === "developer");
  const tools = toolsOf(body["tools"]);
  const words = typeof instructions === "string" ? instructions : "";
  return {
    system: [words, ...told.map(({ content }) => textOf(content))].join("\n"),
    said: textOf(asked?.["content"]),
    attached: attachedOf(asked?.["content"]),
    results: resultsOf(items),
    tools,
    choice: choiceOf(body["tool_choice"]),
    parallel: body["parallel_tool_calls"] !== false,
    form: formOf(isJsonObject(text) ? text["format"] : undefined),
    thinks: thinksOf(reasoning, model),
    stops: [],
    limit: Number(body["max_output_tokens"] ?? Number.POSITIVE_INFINITY),
    inputTokens:
      countTurns(
        items.map(({ content, output }) => textOf(content ?? output)),
        overhead,
      ) +
      countTokens(words) +
      tools.reduce((sum, tool) => sum + countTokens(JSON.stringify(tool)), 0),
  };
}

function thinksOf(
  reasoning: unknown,
  model: { readonly reasoning: boolean },
): Conversation["thinks"] {
  const wanted: JsonObject = isJsonObject(reasoning) ? reasoning : {};
  if (!model.reasoning || wanted["effort"] === "none") return "no";
  return typeof (wanted["summary"] ?? wanted["generate_summary"]) === "string" ? "shown" : "hidden";
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  const parts: readonly unknown[] = Array.isArray(content) ? content : [];
  return parts
    .map((part) => (isJsonObject(part) && typeof part["text"] === "string" ? part["text"] : ""))
    .join("");
}

function attachedOf(content: unknown): readonly string[] {
  const parts: readonly unknown[] = Array.isArray(content) ? content : [];
  return parts.filter(isJsonObject).flatMap(({ image_url: image, file_data: data, ...part }) => {
    const found = inspectPart(image, data);
    if (found !== undefined) return found.kind === "fine" ? [found.words] : [];
    const other = part["file_url"] ?? part["file_id"];
    return typeof other === "string" ? [`file ${other}`] : [];
  });
}

function inspectPart(
  image: unknown,
  data: unknown,
): ReturnType<typeof inspectImageUrl> | undefined {
  if (typeof image === "string") return inspectImageUrl(image);
  const parsed = typeof data === "string" ? parseDataUrl(data) : undefined;
  return parsed === undefined ? undefined : inspectBase64(parsed.mediaType, parsed.data);
}

/** Results after the last thing that the model said or called. */
function resultsOf(items: readonly JsonObject[]): Conversation["results"] {
  const last = items.findLastIndex(
    ({ type, role }) => type === "function_call" || role === "assistant",
  );
  return items
    .slice(last + 1)
    .filter(({ type }) => type === "function_call_output")
    .map(({ output }) => ({
      text: [textOf(output), ...attachedOf(output)].join(" with "),
      failed: false,
    }));
}

function toolsOf(tools: unknown): OfferedTool[] {
  const list: readonly unknown[] = Array.isArray(tools) ? tools : [];
  return list
    .filter(isJsonObject)
    .filter(({ type }) => type === "function")
    .map(({ name, parameters }) => ({ name: String(name), parameters }));
}

function choiceOf(choice: unknown): Conversation["choice"] {
  if (choice === "none" || choice === "required") return choice;
  if (!isJsonObject(choice) || choice["type"] !== "function") return "auto";
  return { name: String(choice["name"]) };
}
