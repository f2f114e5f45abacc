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

/** A codec whose requests are conversations. */
export type ConversationUse = CodecUse<ChatCodec | CountCodec>;

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
  for (const one of casesFor(use)) {
    book.check(`request "${one.name}"`, () => roundTripProblems(use, one));
  }
  const known = conversationFeatures();
  book.check("expresses", () =>
    [...codec.expresses]
      .filter((feature) => !known.has(feature))
      .map((feature) => `"${feature}" has no place in the IR: a request would lose it in silence`),
  );
  if (codec.expresses.has("reasoning-history")) {
    book.check("reasoning of before", () => reasoningProblems(use));
  }
  book.check("reasoning of another provider", () => leakProblems(use));
}

/** The cases that the gateway would send to the dialect. A count of tokens has no stream. */
export function casesFor(use: ConversationUse): readonly RequestCase[] {
  return requestCases().filter(({ request }) => {
    if (use.codec.operation === "count_tokens" && request.stream) return false;
    return !judgeUses(use, chatFeatures(request, use.codec.name)).isRefused;
  });
}

/** A request after it was written and read by the codec, or a clause about what went wrong. */
export function carryRequest(use: ConversationUse, request: ChatRequest): ChatRequest | string {
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
  // Nothing is answered, so that nothing bounds it.
  const wanted = isCount ? { ...request, maxOutputTokens: null } : request;
  return firstDifference(
    plainRequest(found, { keeps, isWanted: false, joinsTexts }),
    plainRequest(wanted, { keeps, isWanted: true, joinsTexts }),
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
