/** Checks that a conversation survives being written and read by a codec. */

import type { ChatCodec, CountCodec, Decoded } from "../codec.ts";
import type { Feature } from "../features.ts";
import type { ChatRequest } from "../ir.ts";
import { chatFeatures } from "../request-features.ts";
import type { CheckBook } from "./check-book.ts";
import type { CodecUse } from "./codec-use.ts";
import { frozen, judgeUses, wireRequest } from "./codec-use.ts";
import { firstDifference } from "./first-difference.ts";
import { chatRequestShape } from "./ir-shape.ts";
import { plainRequest } from "./plain-request.ts";
import type { RequestCase } from "./request-cases.ts";
import { conversationWith, reasoningForms, requestCases } from "./request-cases.ts";
import { anyModel } from "./sample-models.ts";

/** A codec whose requests are conversations. */
export type ConversationUse = CodecUse<ChatCodec | CountCodec>;

/** What only bears on an answer: a count has none. */
const unanswered = {
  maxOutputTokens: null,
  temperature: null,
  topP: null,
  topK: null,
  seed: null,
  frequencyPenalty: null,
  presencePenalty: null,
  stop: [],
  choices: null,
  logprobs: null,
  endUser: null,
} as const satisfies Partial<ChatRequest>;

/** Features that a conversation of the IR can have. */
export function conversationFeatures(): ReadonlySet<Feature> {
  const [form] = reasoningForms("own");
  const requests = [
    ...requestCases().map(({ request }) => request),
    ...(form === undefined ? [] : [conversationWith(form)]),
  ];
  return new Set(
    requests.flatMap((request) => chatFeatures(request, "own").map(({ feature }) => feature)),
  );
}

/** Makes every check of requests. */
export function checkRequests(use: ConversationUse, book: CheckBook): void {
  const { codec } = use;
  checkCases(use, book);
  const known = conversationFeatures();
  book.check("expresses", () =>
    [...codec.expresses]
      .filter((feature) => !known.has(feature))
      .map((feature) => `"${feature}" has no place in the IR: a request would lose it in silence`),
  );
  // Reasoning is of the dialect that answers, which a count is not.
  if (codec.operation === "chat" && judgeUses(use, []).keeps("reasoning-history")) {
    book.check("reasoning of before", () => reasoningProblems(use));
  }
  book.check("reasoning of another provider", () => leakProblems(use));
}

/** Makes those checks of requests that can come to something else for another model. */
export function checkCases(use: ConversationUse, book: CheckBook): void {
  for (const one of casesFor(use)) {
    const label = use.model === anyModel ? "" : ` for ${use.model}`;
    book.check(`request "${one.name}"${label}`, () => roundTripProblems(use, one));
  }
}

/** The cases that the gateway would send to the dialect. A count of tokens has no stream. */
export function casesFor(use: ConversationUse): readonly RequestCase[] {
  return requestCases().filter(({ request }) => {
    if (use.codec.operation === "count_tokens" && request.stream) return false;
    return !judgeUses(use, chatFeatures(request, use.codec.name)).isRefused;
  });
}

/**
 * A request, for the model of the use, after it was written and read by the codec; or a clause about what went wrong.
 */
export function carryRequest(use: ConversationUse, asked: ChatRequest): ChatRequest | string {
  const request = { ...asked, model: use.model };
  const written = use.codec.encodeRequest(frozen(request));
  const again = use.codec.encodeRequest(request);
  if (!Buffer.from(written).equals(Buffer.from(again))) return "it is written in two ways";
  const wire = wireRequest(use, request, written);
  const decoded: Decoded<ChatRequest> = use.codec.decodeRequest(wire);
  // The body is borrowed: nothing may be read of it from now on.
  wire.body.fill(0x21);
  if (decoded.kind === "malformed") return `its own writing is malformed: ${decoded.reason}`;
  const [problem] = chatRequestShape(decoded.value, "");
  return problem === undefined ? decoded.value : `it is read as no request: ${problem}`;
}

function roundTripProblems(use: ConversationUse, one: RequestCase): string | undefined {
  const { request, joinsTexts } = one;
  const found = carryRequest(use, request);
  if (typeof found === "string") return found;
  const { keeps } = judgeUses(use, []);
  const isCount = use.codec.operation === "count_tokens";
  const asked = (one: ChatRequest) => (isCount ? { ...one, ...unanswered } : one);
  const options = { keeps, joinsTexts };
  return firstDifference(
    plainRequest(asked(found), { ...options, isWanted: false }),
    plainRequest(asked({ ...request, model: use.model }), { ...options, isWanted: true }),
  );
}

function reasoningProblems(use: ConversationUse): string | undefined {
  const forms = reasoningForms(use.codec.name);
  const survives = forms.some((form) => {
    const found = carryRequest(use, conversationWith(form));
    if (typeof found === "string") return false;
    const parts = found.messages.flatMap((message) => message.parts);
    const [reasoning] = parts.flatMap((part) => (part.kind === "reasoning" ? [part] : []));
    return (
      reasoning !== undefined &&
      reasoning.origin === form.origin &&
      reasoning.text === form.text &&
      reasoning.signature === form.signature &&
      reasoning.encrypted === form.encrypted
    );
  });
  return survives ? undefined : "no form of it survives, and the codec says that it expresses it";
}

function leakProblems(use: ConversationUse): string[] {
  return reasoningForms("another-dialect").flatMap((form) => {
    const body = use.codec.encodeRequest(frozen(conversationWith(form))).toString("utf8");
    const proofs = [form.signature, form.encrypted].flatMap((proof) => proof ?? []);
    return proofs.filter((proof) => body.includes(proof)).map(() => "its proof is sent");
  });
}
