/** How Bedrock serves calls that agents made to others: by Converse, and Claude in Anthropic's own dialect too. */

import { servedByGeneration } from "../anthropic/served-messages.ts";
import type { Feature } from "../features.ts";
import type { ServedApi, ServedCall } from "../provider.ts";
import { isClaude } from "./bedrock-model.ts";
import { bedrockConverse } from "./converse-codec.ts";
import { bedrockAnthropic } from "./invoke-anthropic-codec.ts";
import { bedrockTokenCount } from "./token-count-codec.ts";

const converse = {
  codec: bedrockConverse,
  modelIn: "path",
  path: (call) => pathOf(call, call.stream ? "converse-stream" : "converse"),
  headers: [],
} satisfies ServedApi;

const invoke = {
  codec: bedrockAnthropic,
  modelIn: "path",
  path: (call) => pathOf(call, call.stream ? "invoke-with-response-stream" : "invoke"),
  headers: [],
} satisfies ServedApi;

const count = {
  codec: bedrockTokenCount,
  modelIn: "path",
  path: (call) => pathOf(call, "count-tokens"),
  headers: [],
} satisfies ServedApi;

/** What nothing is known of that every model takes which is not Claude; the encoder leaves out the same. */
const onlyClaude: readonly Feature[] = [
  "system-in-mid-conversation",
  "reasoning-history",
  "tool-strict",
  "top-k",
  "reasoning",
  "reasoning-visible",
];

/** The ways in which Bedrock serves a call: Converse first, for it is the same for all models. */
export const bedrockServed: readonly ServedApi[] = [
  ...servedByGeneration(converse, ["audio"]).map(forClaude),
  { ...converse, serves: (model) => !isClaude(model), lacks: new Set(onlyClaude) },
  ...servedByGeneration(invoke).map(forClaude),
  // Bedrock counts for no other models.
  ...servedByGeneration(count, ["audio"]).map(forClaude),
];

function forClaude(api: ServedApi): ServedApi {
  return { ...api, serves: (model) => isClaude(model) && api.serves?.(model) !== false };
}

/** Ids have colons, and ARNs slashes, which are escaped. */
function pathOf({ basePath, model }: ServedCall, operation: string): string {
  return `${basePath}/model/${encodeURIComponent(model)}/${operation}`;
}
