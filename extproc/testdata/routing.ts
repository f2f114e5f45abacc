/** Builds rules that the engine chooses by, requests that it chooses for, and what providers answer. */
import type { RateLimiter } from "../../gateway/rate-limiter.ts";
import type { Budgeter } from "../../gateway/budgeter.ts";
import type { Candidate, FallbackPlan, RoutedRule, RoutingPlan } from "../../gateway/routing-plan.ts";
import type { ChatCodec } from "../../providers/codec.ts";
import type { Provider } from "../../providers/provider.ts";
import { findProviderByName } from "../../providers/registry.ts";
import { AskedCall } from "../asked-call.ts";
import type { AskedRequest } from "../asked-call.ts";
import type { RoutingTools } from "../routed-call.ts";
import type { SentRequest } from "../outgoing-request.ts";
import { PlanBook } from "../plan-book.ts";
import { Session } from "../session.ts";
import { plan, update } from "./playbook.ts";
import { routingTools } from "./routing-tools.ts";
import { sessionTools } from "./session-tools.ts";
import type { EnginePlan } from "../../gateway/snapshot.ts";

/** The host that the agent asked for. */
export function candidate(changes: Partial<Candidate> = {}): Candidate {
  return {
    pick: "own",
    backend: null,
    provider: "",
    basePath: "",
    authority: "",
    tier: 0,
    weight: 1,
    modelRewrites: [],
    streamUsage: false,
    queryCredentials: [],
    ...changes,
  };
}

/** Backend default/<name>, which speaks the API of a provider. */
export function backendOf(
  name: string,
  provider: string,
  changes: Partial<Candidate> = {},
): Candidate {
  return candidate({
    pick: name,
    backend: { kind: "Backend", namespace: "default", name },
    provider,
    authority: `${name}.test`,
    ...changes,
  });
}

/** Backend default/claude, which is asked for claude-sonnet-4-5 whatever the agent asks for. */
export function claude(changes: Partial<Candidate> = {}): Candidate {
  const modelRewrites = [{ from: "*", to: "claude-sonnet-4-5" }];
  return backendOf("claude", "anthropic", { modelRewrites, ...changes });
}

/** A rule for all models and paths that goes to these candidates. */
export function routedRule(
  candidates: readonly Candidate[],
  changes: Partial<RoutedRule> = {},
): RoutedRule {
  return {
    route: { kind: "AIProviderRoute", namespace: "default", name: "models" },
    ruleIndex: 0,
    endpoints: [],
    models: [],
    meters: true,
    candidates,
    ...changes,
  };
}

/** Tries the next one on 503. */
export const fallback: FallbackPlan = {
  pick: "walk",
  retries: 2,
  statuses: [503],
  perTryTimeoutMs: 1_000,
  connectTimeoutMs: 1_000,
  maxEjectionMs: 60_000,
};

/** Denies what no rule allows. */
export function routingPlan(...rules: readonly RoutedRule[]): RoutingPlan {
  return { rules, otherwise: "deny" };
}

/** A provider of the registry. */
export function providerOf(name: string): Provider {
  const provider = findProviderByName(name);
  if (provider === undefined) throw new TypeError(`Cannot find provider ${name}`);
  return provider;
}

/** The codec of conversations that a provider's agents speak first. */
export function chatCodecOf(name: string): ChatCodec {
  const codecs = (providerOf(name).operations ?? []).flatMap(({ codec }) => codec ?? []);
  const codec = codecs.find(({ operation }) => operation === "chat");
  if (codec?.operation !== "chat") throw new TypeError(`Cannot find a codec of ${name}`);
  return codec;
}

/** What an agent sends. */
export interface SentParts {
  readonly path?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string | Buffer | object;
}

/** A POST with a body in JSON unless it is text or bytes. */
export function sentRequest({ path, headers = [], body = {} }: SentParts = {}): SentRequest {
  const bytes =
    typeof body === "string" || Buffer.isBuffer(body)
      ? Buffer.from(body)
      : Buffer.from(JSON.stringify(body));
  return {
    method: "POST",
    path: path ?? "/v1/chat/completions",
    authority: "api.openai.com",
    header: (name) => headers.find(([known]) => known === name)?.[1],
    headerNames: () => headers.map(([name]) => name),
    entries: () => headers,
    body: bytes,
  };
}

/** The call to a provider that it is. */
export function askedCall(provider: string, parts: SentParts = {}): AskedCall {
  const request: AskedRequest = sentRequest(parts);
  return new AskedCall(providerOf(provider), request);
}

/** Body of a chat in OpenAI's dialect. */
export function chat(changes: object = {}): object {
  return { model: "gpt-4o", messages: [{ role: "user", content: "Hello" }], ...changes };
}


/** What a session that chooses is made from. */
export interface RoutedSetting {
  readonly routing: RoutingPlan;
  readonly plan?: Partial<EnginePlan>;
  readonly credentials?: readonly (readonly [string, string])[];
  readonly tools?: Partial<RoutingTools>;
  readonly limiter?: RateLimiter;
  readonly budgeter?: Budgeter;
}

/** A session whose plan chooses, for an agent that asks OpenAI unless the plan says otherwise. */
export function routedSession(setting: RoutedSetting): Session {
  const { routing, credentials = [] } = setting;
  const asked = plan({ routing, meters: true, ...setting.plan });
  const book = new PlanBook([]);
  book.publish(update([asked], { credentials }));
  const session: Session = new Session({
    entry: book.find(asked.id),
    caller: "run:1",
    tools: sessionTools(book, {
      routing: routingTools({
        credential: book.credential,
        signer: book.signer,
        ...setting.tools,
      }),
      ...(setting.limiter !== undefined && { limiter: setting.limiter }),
      ...(setting.budgeter !== undefined && { budgeter: setting.budgeter }),
    }),
    settler: { onSettled: () => session.onSettled() },
  });
  return session;
}

/** An answer of Anthropic's API that says "Hi". */
export const claudeAnswer = JSON.stringify({
  id: "msg_01AbC",
  type: "message",
  role: "assistant",
  model: "claude-sonnet-4-5",
  content: [{ type: "text", text: "Hi" }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 5, output_tokens: 3 },
});

const claudeEvents: readonly object[] = [
  {
    type: "message_start",
    message: {
      id: "msg_01AbC",
      type: "message",
      role: "assistant",
      model: "claude-sonnet-4-5",
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 5, output_tokens: 1 },
    },
  },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hi" } },
  { type: "content_block_stop", index: 0 },
  {
    type: "message_delta",
    delta: { stop_reason: "end_turn", stop_sequence: null },
    usage: { output_tokens: 3 },
  },
  { type: "message_stop" },
];

/** The same as a stream. */
export const claudeStream = claudeEvents
  .map((event) => `event: ${"type" in event ? event.type : ""}\ndata: ${JSON.stringify(event)}\n\n`)
  .join("");

/** A stream of OpenAI's chat completions that says "Hi", with or without the chunk that tells its usage. */
export function chatStream(parts: { readonly usage: boolean }): string {
  const chunk = (choices: object[], usage: object | null = null) =>
    `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", model: "gpt-4o", choices, usage })}\n\n`;
  const usage = { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 };
  return [
    chunk([{ index: 0, delta: { role: "assistant", content: "Hi" }, finish_reason: null }]),
    chunk([{ index: 0, delta: {}, finish_reason: "stop" }]),
    ...(parts.usage ? [chunk([], usage)] : []),
    "data: [DONE]\n\n",
  ].join("");
}
