/** Which features of `features.ts` a request uses, and whether a dialect can express it. */

import type { Feature } from "./features.ts";
import { whenMissing } from "./features.ts";
import type {
  ChatRequest,
  EmbeddingsRequest,
  Message,
  Part,
  Source,
  ToolCallPart,
  ToolChoice,
} from "./ir.ts";

/** One use of a feature. */
export interface FeatureUse {
  readonly feature: Feature;
  /** Where it stands, as names of a path, never values */
  readonly at: string;
}

/** What becomes of a request in a dialect. */
export interface Judgement {
  /** Cannot be sent there because of these; empty: it can */
  readonly refused: readonly FeatureUse[];
  /** Are left out */
  readonly dropped: readonly FeatureUse[];
}

/** Most uses that are listed of each sort; more of them say nothing new. */
const mostListed = 32;

/** Judges uses of features by what a target expresses. */
export function judge(
  uses: readonly FeatureUse[],
  expresses: (feature: Feature) => boolean,
): Judgement {
  const refused: FeatureUse[] = [];
  const dropped: FeatureUse[] = [];
  for (const use of uses) {
    if (expresses(use.feature)) continue;
    const list = whenMissing(use.feature) === "refuse" ? refused : dropped;
    if (list.length < mostListed) list.push(use);
  }
  return { refused, dropped };
}

/** Every feature that a conversation uses; `target` is the codec that signatures would go to. */
export function chatFeatures(request: ChatRequest, target: string): FeatureUse[] {
  const uses: FeatureUse[] = [];
  const add = (feature: Feature, at: string) => uses.push({ feature, at });
  if (request.system.length > 0) add("system", "system");
  addParts(uses, request.system, { at: "system", target });
  for (const [index, message] of request.messages.entries()) {
    addMessage(uses, message, { index, target });
  }
  const last = request.messages.at(-1);
  if (last?.role === "assistant") add("assistant-prefill", "messages");
  addTools(request, add);
  addSampling(request, add);
  addForm(request, add);
  return uses;
}

/** Every feature that a request for embeddings uses. How vectors are written is a matter of the answer alone. */
export function embeddingsFeatures(request: EmbeddingsRequest): FeatureUse[] {
  const uses: FeatureUse[] = [];
  if (request.dimensions !== null) uses.push({ feature: "dimensions", at: "dimensions" });
  if (request.inputs.some((input) => typeof input !== "string")) {
    uses.push({ feature: "token-input", at: "input" });
  }
  if (request.endUser !== null) uses.push({ feature: "end-user", at: "user" });
  for (const { feature, at } of request.unexpressed) uses.push({ feature, at });
  return uses;
}

type Add = (feature: Feature, at: string) => void;

function addMessage(
  uses: FeatureUse[],
  { role, parts }: Message,
  { index, target }: { readonly index: number; readonly target: string },
): void {
  const at = `messages[${index}]`;
  if (role === "system") uses.push({ feature: "system-in-mid-conversation", at });
  addParts(uses, parts, { at, target });
}

function addParts(
  uses: FeatureUse[],
  parts: readonly Part[],
  place: { readonly at: string; readonly target: string },
): void {
  for (const part of parts) addPart(uses, part, place);
}

function addPart(
  uses: FeatureUse[],
  part: Part,
  { at, target }: { readonly at: string; readonly target: string },
): void {
  switch (part.kind) {
    case "text":
    case "refusal":
      return;
    case "image":
      uses.push({ feature: sourceFeature(part.source, "image"), at });
      if (part.detail !== null) uses.push({ feature: "image-detail", at });
      return;
    case "document":
      uses.push({ feature: sourceFeature(part.source, "document"), at });
      return;
    case "audio":
      uses.push({ feature: part.source.kind === "file" ? "file-id" : "audio", at });
      return;
    case "reasoning":
      uses.push({
        feature: part.origin === target ? "reasoning-history" : "foreign-signature",
        at,
      });
      return;
    case "tool-call":
      addToolCall(uses, part, at);
      return;
    case "tool-result":
      if (part.isError) uses.push({ feature: "tool-result-error", at });
      for (const inner of part.parts) {
        if (inner.kind === "image") uses.push({ feature: "tool-result-image", at });
        if (inner.kind === "document") uses.push({ feature: "tool-result-document", at });
      }
      addParts(uses, part.parts, { at: `${at}.content`, target });
      return;
  }
}

function addToolCall(uses: FeatureUse[], { signature }: ToolCallPart, at: string): void {
  uses.push({ feature: "tools", at });
  if (signature !== null) uses.push({ feature: "foreign-signature", at });
}

function sourceFeature(source: Source, kind: "image" | "document"): Feature {
  if (source.kind === "file") return "file-id";
  return `${kind}-${source.kind}`;
}

function addTools({ tools, toolChoice, parallelToolCalls }: ChatRequest, add: Add): void {
  if (tools.length > 0) add("tools", "tools");
  if (tools.some(({ strict }) => strict === true)) add("tool-strict", "tools");
  if (parallelToolCalls === false) add("parallel-tool-calls-off", "parallel_tool_calls");
  const chosen = toolChoice === null ? undefined : choiceFeatures[toolChoice.kind];
  if (chosen !== undefined) add(chosen, "tool_choice");
}

const choiceFeatures = {
  auto: undefined,
  none: "tool-choice-none",
  required: "tool-choice-required",
  tool: "tool-choice-named",
} as const satisfies Readonly<Record<ToolChoice["kind"], Feature | undefined>>;

function addSampling(request: ChatRequest, add: Add): void {
  if (request.temperature !== null) add("temperature", "temperature");
  if (request.topP !== null) add("top-p", "top_p");
  if (request.topK !== null) add("top-k", "top_k");
  if (request.seed !== null) add("seed", "seed");
  if (request.frequencyPenalty !== null) add("penalties", "frequency_penalty");
  if (request.presencePenalty !== null) add("penalties", "presence_penalty");
}

function addForm(request: ChatRequest, add: Add): void {
  if (request.stream) add("stream", "stream");
  if (request.stop.length > 0) add("stop", "stop");
  if (request.choices !== null && request.choices !== 1) add("choices", "n");
  if (request.logprobs !== null) add("logprobs", "logprobs");
  if (request.output.kind === "json") add("json-output", "response_format");
  if (request.output.kind === "schema") add("schema-output", "response_format");
  if (request.reasoning !== null) add("reasoning", "reasoning");
  if (request.reasoning?.visible === true) add("reasoning-visible", "reasoning");
  if (request.endUser !== null) add("end-user", "user");
  for (const { feature, at } of request.unexpressed) add(feature, at);
}
