/** A Converse request in Claude's own terms, as Bedrock passes it on to the model. */
import { isJsonObject } from "./json-fields.ts";
import type { JsonObject } from "./json-fields.ts";

/** Default of Bedrock where a request says nothing. */
const defaultMaxTokens = 4_096;

/** Objects of a list; none when it is no list. */
export function objectsOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

/** The Messages body of a Converse body whose fields are in order. */
export function toClaude(body: JsonObject): JsonObject {
  const { maxTokens, temperature, topP, stopSequences } = objectOf(body["inferenceConfig"]);
  const more = objectOf(body["additionalModelRequestFields"]);
  const { reasoning_config: reasoning, output_config: output, ...rest } = more;
  const { effort, textFormat } = objectOf(body["outputConfig"]);
  const format = formatOf(textFormat);
  const { thinking = reasoning } = rest;
  return withoutAbsent({
    ...rest,
    messages: objectsOf(body["messages"]).map(({ role, content }) => ({
      role,
      content: objectsOf(content).flatMap(toBlock),
    })),
    system: body["system"] === undefined ? undefined : objectsOf(body["system"]).flatMap(toBlock),
    max_tokens: maxTokens ?? defaultMaxTokens,
    temperature,
    top_p: topP,
    stop_sequences: stopSequences,
    thinking,
    output_config: withoutAbsent({ ...objectOf(output), effort, format }),
    ...toolsOf(objectOf(body["toolConfig"])),
  });
}

function toolsOf({ tools, toolChoice }: JsonObject): JsonObject {
  const specs = objectsOf(tools)
    .map(({ toolSpec }) => toolSpec)
    .filter(isJsonObject);
  return {
    tools: specs.map(({ name, description, inputSchema, strict }) =>
      withoutAbsent({ name, description, input_schema: objectOf(inputSchema)["json"], strict }),
    ),
    tool_choice: toChoice(toolChoice),
  };
}

function toChoice(choice: unknown): JsonObject | undefined {
  if (!isJsonObject(choice)) return undefined;
  const { any, tool } = choice;
  if (isJsonObject(tool)) return { type: "tool", name: tool["name"] };
  return { type: any === undefined ? "auto" : "any" };
}

function formatOf(textFormat: unknown): JsonObject | undefined {
  const { structure } = objectOf(textFormat);
  const { schema } = objectOf(objectOf(structure)["jsonSchema"]);
  return typeof schema === "string"
    ? { type: "json_schema", schema: JSON.parse(schema) }
    : undefined;
}

function toBlock(block: JsonObject): JsonObject[] {
  const { text, image, document, toolUse, toolResult, reasoningContent: reasoning } = block;
  if (typeof text === "string") return [{ type: "text", text }];
  if (isJsonObject(image)) return [{ type: "image", source: sourceOf(image, "image/") }];
  if (isJsonObject(document)) return [{ type: "document", source: sourceOf(document, "") }];
  if (isJsonObject(toolUse)) {
    const { toolUseId: id, name, input } = toolUse;
    return [{ type: "tool_use", id, name, input }];
  }
  if (isJsonObject(toolResult)) return [toResult(toolResult)];
  return isJsonObject(reasoning) ? [toThinking(reasoning)] : [];
}

function toResult({ toolUseId, content, status }: JsonObject): JsonObject {
  return {
    type: "tool_result",
    tool_use_id: toolUseId,
    // Blank results of tools are taken; Claude's own API would refuse them.
    content: objectsOf(content)
      .flatMap(({ json, ...other }) =>
        json === undefined ? toBlock(other) : [{ type: "text", text: JSON.stringify(json) }],
      )
      .filter(({ text }) => text === undefined || String(text).trim() !== ""),
    is_error: status === "error",
  };
}

function toThinking({ reasoningText, redactedContent }: JsonObject): JsonObject {
  if (!isJsonObject(reasoningText)) return { type: "redacted_thinking", data: redactedContent };
  const { text: thinking, signature } = reasoningText;
  return { type: "thinking", thinking, signature };
}

function sourceOf({ format, source }: JsonObject, prefix: string): JsonObject {
  const { bytes, s3Location, text, content } = objectOf(source);
  if (typeof bytes === "string") {
    const isPlain = format === "txt" || format === "md";
    if (isPlain) {
      const data = Buffer.from(bytes, "base64").toString("utf8");
      return { type: "text", media_type: "text/plain", data };
    }
    const mediaType = prefix === "" ? "application/pdf" : `${prefix}${String(format)}`;
    return { type: "base64", media_type: mediaType, data: bytes };
  }
  if (typeof text === "string") return { type: "text", media_type: "text/plain", data: text };
  if (content !== undefined) return { type: "content", content };
  return { type: "url", url: objectOf(s3Location)["uri"] };
}

function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

function withoutAbsent(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));
}
