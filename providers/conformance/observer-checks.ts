/** Checks that what a provider declares of its operations finds in its codec's answers what the codec put there. */

import { createCallObserver } from "../call-observer.ts";
import type { ObservedCall } from "../call-observer.ts";
import type { ChatCodec, WireBody } from "../codec.ts";
import type { Operation } from "../operation.ts";
import { findOperation } from "../operation-layout.ts";
import { usageOfCases } from "./answer-cases.ts";
import type { CheckBook } from "./check-book.ts";
import type { CodecUse } from "./codec-use.ts";
import { wireResponse } from "./codec-use.ts";
import { collectStream, streamOf } from "./collected-stream.ts";
import { plainConversation } from "./request-cases.ts";
import { carryRequest } from "./request-checks.ts";
import { readStream } from "./stream-checks.ts";

const response = {
  id: "answer-1",
  model: "model-1",
  created: 1_700_000_000,
  choices: [
    {
      parts: [{ kind: "text", text: "Hello" }],
      finish: "stop",
      stopText: null,
      logprobs: null,
    },
  ],
  usage: usageOfCases,
} as const;

/** Makes every check of the operations that the codec is of. */
export function checkObserved(use: CodecUse<ChatCodec>, book: CheckBook): void {
  for (const path of new Set(use.operations.flatMap((operation) => operation.paths))) {
    const called = path
      .replace("{model}", encodeURIComponent(use.model))
      .replaceAll("{any}", "something");
    const layout = findOperation(use.provider, "POST", called)?.layout;
    if (layout === undefined) {
      book.check(`operation at ${path}`, () => "no request is found to be one of it");
      continue;
    }
    const { operation } = layout;
    const isStream = "isStream" in operation && operation.isStream === true;
    if (!isStream) {
      book.check(`operation at ${path}, plain`, () => plainProblems(use, called, operation));
    }
    book.check(`operation at ${path}, as a stream`, () => streamProblems(use, called, operation));
  }
}

function plainProblems(use: CodecUse<ChatCodec>, path: string, operation: Operation): string[] {
  const request = carryRequest(use, plainConversation);
  if (typeof request === "string") return [request];
  const written = use.codec.encodeResponse(response, request);
  const seen = observe(use, path, written);
  const decoded = use.codec.decodeResponse(wireResponse(written));
  const hasModel = decoded.kind === "ok" && decoded.value.model !== "";
  const { model: _, ...others } = operation.answer;
  return [
    ...factProblems(seen, hasModel ? operation.answer : others),
    ...modelProblems(use, seen, path),
  ];
}

function streamProblems(use: CodecUse<ChatCodec>, path: string, operation: Operation): string[] {
  const asked = { ...plainConversation, stream: true, streamUsage: true };
  const request = carryRequest(use, asked);
  if (typeof request === "string") return [request];
  const encoder = use.codec.createStreamEncoder(request);
  const body = Buffer.from(encoder.write(streamOf(response)));
  // Only event streams are read as they pass.
  if (!encoder.contentType.startsWith("text/event-stream")) return [];
  const seen = observe(use, path, { contentType: encoder.contentType, body });
  const hasContent = operation.event.content !== undefined;
  const hasModel = collectStream(readStream(use.codec.createStreamDecoder(), [body])).model !== "";
  const { model: _, ...others } = operation.event;
  return [
    ...factProblems(seen, hasModel ? operation.event : others),
    ...(seen.isStream ? [] : ["it is not seen to be a stream"]),
    ...(hasContent && seen.timeToFirstTokenMs === null ? ["its first token is not seen"] : []),
  ];
}

function observe(use: CodecUse<ChatCodec>, path: string, answer: WireBody): ObservedCall {
  const observer = createCallObserver(use.provider, { method: "POST", path });
  if (observer === undefined) throw new TypeError("The request is not seen to be a call");
  const request = { ...plainConversation, model: use.model };
  observer.requestChunk(Buffer.from(use.codec.encodeRequest(request)));
  observer.requestEnd();
  observer.responseStart({ status: 200, contentType: answer.contentType });
  observer.responseChunk(Buffer.from(answer.body), 5);
  observer.responseEnd();
  return observer.result();
}

/** Only what the operation says where to find is asked for. */
function factProblems(seen: ObservedCall, declared: Operation["answer"]): string[] {
  const { usage } = seen;
  const tokens = ["inputTokens", "outputTokens"] as const;
  return [
    ...tokens
      .filter((key) => declared[key] !== undefined && usage?.[key] !== usageOfCases[key])
      .map((key) => `${key} is seen as ${usage?.[key] ?? "none"}, wanted ${usageOfCases[key]}`),
    ...(declared.model !== undefined && seen.responseModel !== "model-1"
      ? [`model is seen as ${seen.responseModel ?? "none"}, wanted model-1`]
      : []),
    ...(declared.finishReason !== undefined && seen.finishReasons.length !== 1
      ? [`${seen.finishReasons.length} finish reasons are seen, wanted 1`]
      : []),
  ];
}

function modelProblems({ api, model }: CodecUse, seen: ObservedCall, path: string): string[] {
  const isNamed = api?.modelIn !== "path" || path.includes(encodeURIComponent(model));
  if (!isNamed || seen.requestModel === model) return [];
  return [`the model that was asked is seen as ${seen.requestModel ?? "none"}, wanted ${model}`];
}
