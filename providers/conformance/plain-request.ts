/** A request made comparable: what dialects may say in other words for the same is made the same. */

import type { Feature } from "../features.ts";
import type { ChatRequest, OutputFormat, ReasoningRequest, Tool, ToolChoice } from "../ir.ts";
import type { JsonObject } from "../json-text.ts";
import { writeJson } from "../json-text.ts";
import { effortOf } from "../reasoning.ts";
import { joinTurns } from "../turns.ts";
import type { Plain } from "./first-difference.ts";
import type { NumberId } from "./plain-parts.ts";
import { createNumbering, plainNumber, plainParts } from "./plain-parts.ts";

/** How requests are compared. */
export interface PlainRequestOptions {
  /** Whether a feature must survive; what need not is made equal on both sides */
  readonly keeps: (feature: Feature) => boolean;
  /** This is what is wanted: what it leaves open is not compared */
  readonly isWanted: boolean;
  /** Texts beside each other are one, whatever blanks are put between them */
  readonly joinsTexts?: boolean;
}

/** The request as plain values. `variant` and `streamUsage` are the codec's own business and are left out. */
export function plainRequest(request: ChatRequest, options: PlainRequestOptions): Plain {
  const { keeps, isWanted } = options;
  const numberId = createNumbering();
  const gated = (feature: Feature, value: Plain) => (keeps(feature) ? value : null);
  const { maxOutputTokens } = request;
  return {
    model: request.model,
    system: plainParts(request.system, numberId, options),
    messages: plainMessages(request, numberId, options),
    tools: request.tools.map((tool) => plainTool(tool, options)),
    toolChoice: plainChoice(request.toolChoice),
    isParallelOff: request.parallelToolCalls === false,
    // Some dialects must say it.
    maxOutputTokens:
      maxOutputTokens === null && isWanted ? undefined : plainNumber(maxOutputTokens),
    temperature: gated("temperature", plainNumber(request.temperature)),
    topP: gated("top-p", plainNumber(request.topP)),
    topK: gated("top-k", plainNumber(request.topK)),
    seed: gated("seed", plainNumber(request.seed)),
    frequencyPenalty: gated("penalties", plainNumber(request.frequencyPenalty)),
    presencePenalty: gated("penalties", plainNumber(request.presencePenalty)),
    stop: request.stop,
    choices: plainNumber(request.choices) ?? "1",
    logprobs: request.logprobs === null ? null : plainNumber(request.logprobs.top),
    output: plainOutput(request.output),
    reasoning: plainReasoning(request.reasoning, options),
    stream: request.stream,
    endUser: gated("end-user", request.endUser),
    unexpressed: request.unexpressed.map(({ feature, at }) => `${feature} at ${at}`),
  };
}

/** Turns of one role one after another are one: many dialects must join them. */
function plainMessages(
  { messages }: ChatRequest,
  numberId: NumberId,
  options: PlainRequestOptions,
): Plain {
  return joinTurns(messages).flatMap(({ role, parts }) => {
    const plain = plainParts(parts, numberId, options);
    return plain.length === 0 ? [] : [{ role, parts: plain }];
  });
}

function plainTool(tool: Tool, { keeps, isWanted }: PlainRequestOptions): Plain {
  const { name, description, parameters, strict } = tool;
  return {
    name,
    description: description === null && isWanted ? undefined : description,
    parameters: parameters === null ? "none" : plainParameters(parameters),
    isStrict: keeps("tool-strict") ? strict === true : null,
  };
}

/** No arguments can be said by no schema, or by one of an object without properties. */
function plainParameters(schema: JsonObject): string {
  const { properties } = schema;
  const isEmpty = properties === undefined || writeJson(properties) === "{}";
  const isOnlyObject = Object.keys(schema).every((key) =>
    ["type", "properties", "required", "additionalProperties"].includes(key),
  );
  return isEmpty && isOnlyObject ? "none" : writeJson(schema);
}

function plainChoice(choice: ToolChoice | null): Plain {
  if (choice === null || choice.kind === "auto") return null;
  return choice.kind === "tool" ? `tool ${choice.name}` : choice.kind;
}

/** Not every dialect has names and descriptions of schemas, and some demand a name. */
function plainOutput(output: OutputFormat): Plain {
  if (output.kind !== "schema") return output.kind;
  return { schema: writeJson(output.schema) };
}

/** Tokens and words are converted into each other; how much a word is, models disagree about. */
function plainReasoning(
  reasoning: ReasoningRequest | null,
  { keeps, isWanted }: PlainRequestOptions,
): Plain {
  if (reasoning === null || !keeps("reasoning")) return null;
  const effort = effortOf(reasoning);
  const { visible } = reasoning;
  // A dialect may have to say, or its decoder know, what is shown by default.
  const isVisible = visible === null && isWanted ? undefined : visible === true;
  return {
    reasons: effort !== null && effort !== "none",
    isVisible: keeps("reasoning-visible") ? isVisible : null,
  };
}
