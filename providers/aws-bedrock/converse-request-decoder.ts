/**
 * Requests of Converse and ConverseStream into the IR
 * (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html). The path names the model and says
 * whether the answer is to be a stream.
 */

import { withUsualDisplay } from "../anthropic/reasoning-decoder.ts";
import type { Decoded, WireRequest } from "../codec.ts";
import type { Feature } from "../features.ts";
import type { ChatRequest, Message, OutputFormat, Tool, ToolChoice } from "../ir.ts";
import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject, parseJson, parseJsonText } from "../json-text.ts";
import { readContent, readSystem } from "./converse-content-decoder.ts";
import { readModelFields } from "./model-fields-decoder.ts";
import { RequestReader } from "./request-reader.ts";
import { isStreamPath } from "./stream-path.ts";

/** `ChatRequest.variant` of callers that want to know at which text the model stopped. */
export const tellsStopText = "stop_sequence";

/** Members that the IR has no place for. */
const featureOfMember: ReadonlyMap<string, Feature> = new Map([
  ["guardrailConfig", "guardrail"],
  ["promptVariables", "prompt-template"],
  ["requestMetadata", "metadata"],
  ["performanceConfig", "service-tier"],
  ["serviceTier", "service-tier"],
]);

const knownMembers: ReadonlySet<string> = new Set([
  "messages",
  "system",
  "inferenceConfig",
  "toolConfig",
  "outputConfig",
  "additionalModelRequestFields",
  "additionalModelResponseFieldPaths",
  // The path has it; the SDK's own name for it
  "modelId",
]);

const knownInference: ReadonlySet<string> = new Set([
  "maxTokens",
  "temperature",
  "topP",
  "stopSequences",
]);

/** Reads a request. */
export function decodeConverseRequest(request: WireRequest): Decoded<ChatRequest> {
  const { pathModel: model } = request;
  if (model === null) return { kind: "malformed", reason: "the path names no model" };
  const parsed = parseJson(request.body);
  if (parsed.kind === "malformed") return parsed;
  if (!isJsonObject(parsed.value)) return { kind: "malformed", reason: "it is not an object" };
  return decodeConverseBody(parsed.value, { model, stream: isStreamPath(request.path) });
}

/** Reads the body of a request, with what the path says of it. */
export function decodeConverseBody(
  body: JsonObject,
  call: Pick<ChatRequest, "model" | "stream">,
): Decoded<ChatRequest> {
  const reader = new RequestReader();
  const value = readRequest(reader, body, call);
  if (reader.problem !== null) return { kind: "malformed", reason: reader.problem };
  return { kind: "ok", value };
}

function readRequest(
  reader: RequestReader,
  body: JsonObject,
  { model, stream }: Pick<ChatRequest, "model" | "stream">,
): ChatRequest {
  const inference = reader.optionalObject(body["inferenceConfig"], "inferenceConfig") ?? {};
  const tools = reader.optionalObject(body["toolConfig"], "toolConfig");
  const output = reader.optionalObject(body["outputConfig"], "outputConfig") ?? {};
  const fields = readModelFields(reader, body["additionalModelRequestFields"], output["effort"]);
  const request = {
    model,
    system: readSystem(reader, body["system"]),
    messages: readMessages(reader, body["messages"]),
    tools: readTools(reader, tools),
    toolChoice: readToolChoice(reader, tools?.["toolChoice"]),
    parallelToolCalls: null,
    maxOutputTokens: reader.optionalNumber(inference["maxTokens"], "inferenceConfig.maxTokens"),
    temperature: reader.optionalNumber(inference["temperature"], "inferenceConfig.temperature"),
    topP: reader.optionalNumber(inference["topP"], "inferenceConfig.topP"),
    topK: fields.topK,
    seed: null,
    frequencyPenalty: null,
    presencePenalty: null,
    stop: readStop(reader, inference["stopSequences"]),
    choices: null,
    logprobs: null,
    output: readOutput(reader, output),
    reasoning: withUsualDisplay(fields.reasoning, model),
    stream,
    streamUsage: true,
    endUser: null,
    unexpressed: reader.unexpressed,
    variant: readVariant(reader, body["additionalModelResponseFieldPaths"]),
  } satisfies ChatRequest;
  noteMembers(reader, body, { at: "", known: knownMembers });
  noteMembers(reader, inference, { at: "inferenceConfig.", known: knownInference });
  return request;
}

/** A prompt of the account's may stand for the messages. */
function readMessages(reader: RequestReader, value: JsonValue | undefined): Message[] {
  if (value === undefined || value === null) {
    reader.note("prompt-template", "messages");
    return [];
  }
  return reader.list(value, "messages").map((one, index) => {
    const at = `messages[${index}]`;
    const message = reader.object(one, at);
    return {
      role: readRole(reader, message["role"], at),
      parts: readContent(reader, message["content"], `${at}.content`),
    };
  });
}

function readRole(reader: RequestReader, value: JsonValue | undefined, at: string) {
  if (value === "user" || value === "assistant" || value === "system") return value;
  reader.fail(`${at}.role is none of user, assistant and system`);
  return "user";
}

function readTools(reader: RequestReader, config: JsonObject | null): Tool[] {
  const tools: Tool[] = [];
  if (config === null) return tools;
  for (const [index, one] of reader.list(config["tools"], "toolConfig.tools").entries()) {
    const at = `toolConfig.tools[${index}]`;
    const member = reader.union(one, at);
    if (member?.name === "toolSpec") tools.push(readToolSpec(reader, member.value, at));
    else if (member?.name === "cachePoint") reader.note("cache-hint", at);
    else if (member !== null) reader.note("server-tool", at);
  }
  return tools;
}

function readToolSpec(reader: RequestReader, value: JsonValue, at: string): Tool {
  const spec = reader.object(value, `${at}.toolSpec`);
  const schema = reader.union(spec["inputSchema"], `${at}.toolSpec.inputSchema`);
  const strict = spec["strict"];
  return {
    name: reader.name(spec["name"], `${at}.toolSpec.name`),
    description: reader.optionalText(spec["description"], `${at}.toolSpec.description`),
    parameters: reader.object(schema?.value, `${at}.toolSpec.inputSchema.json`),
    strict: typeof strict === "boolean" ? strict : null,
  };
}

function readToolChoice(reader: RequestReader, value: JsonValue | undefined): ToolChoice | null {
  if (value === undefined || value === null) return null;
  const at = "toolConfig.toolChoice";
  const member = reader.union(value, at);
  switch (member?.name) {
    case "auto":
      return { kind: "auto" };
    case "any":
      return { kind: "required" };
    case "tool": {
      const tool = reader.object(member.value, `${at}.tool`);
      return { kind: "tool", name: reader.name(tool["name"], `${at}.tool.name`) };
    }
    default:
      reader.fail(`${at} is none of auto, any and tool`);
      return null;
  }
}

function readStop(reader: RequestReader, value: JsonValue | undefined): string[] {
  const at = "inferenceConfig.stopSequences";
  return reader.optionalList(value, at).map((text, index) => reader.text(text, `${at}[${index}]`));
}

function readOutput(reader: RequestReader, config: JsonObject): OutputFormat {
  const format = reader.optionalObject(config["textFormat"], "outputConfig.textFormat");
  for (const name of Object.keys(config)) {
    if (name !== "textFormat" && name !== "effort") {
      reader.note("unknown-field", `outputConfig.${name}`);
    }
  }
  if (format === null) return { kind: "text" };
  const at = "outputConfig.textFormat.structure";
  const member = reader.union(format["structure"], at);
  if (member !== null && member.name !== "jsonSchema") reader.fail(`${at} is not jsonSchema`);
  const definition = reader.object(member?.value, `${at}.jsonSchema`);
  return {
    kind: "schema",
    name: reader.optionalText(definition["name"], `${at}.jsonSchema.name`),
    description: reader.optionalText(definition["description"], `${at}.jsonSchema.description`),
    schema: readSchema(reader, definition["schema"], `${at}.jsonSchema.schema`),
    strict: null,
  };
}

/** A schema is written as the text of a document. */
function readSchema(reader: RequestReader, value: JsonValue | undefined, at: string): JsonObject {
  const parsed = parseJsonText(reader.text(value, at));
  if (parsed.kind === "value" && isJsonObject(parsed.value)) return parsed.value;
  reader.fail(`${at} is not the text of a JSON object`);
  return {};
}

/** The one field of a model's own answer that other providers have too is the text at which it stopped. */
function readVariant(reader: RequestReader, value: JsonValue | undefined): string {
  const at = "additionalModelResponseFieldPaths";
  let variant = "";
  for (const [index, path] of reader.optionalList(value, at).entries()) {
    if (path === "/stop_sequence") variant = tellsStopText;
    else reader.note("unknown-field", `${at}[${index}]`);
  }
  return variant;
}

function noteMembers(
  reader: RequestReader,
  object: JsonObject,
  { at, known }: { readonly at: string; readonly known: ReadonlySet<string> },
): void {
  for (const [name, value] of Object.entries(object)) {
    if (known.has(name) || value === null) continue;
    reader.note(featureOfMember.get(name) ?? "unknown-field", `${at}${name}`);
  }
}
