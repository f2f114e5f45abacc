/** What Envoy is told of an answer that the engine gives on as the agent can read it. */

import { CLRK_HEADERS } from "../gateway/headers.ts";
import type { AnswerShape, WholeAnswer } from "./answer-changer.ts";
import { encodeImmediateResponse } from "./immediate-response.ts";
import { encodeBodyReply, encodeHeadersReply } from "./mutation.ts";

/** How the body of an answer is wanted, at its headers. */
export interface AnswerHead {
  readonly shape: AnswerShape;
  /** The body is read as it passes */
  readonly reads: boolean;
  /** No body follows */
  readonly isLast: boolean;
}

/** The message at an answer's headers. The agent never learns by which cluster it was served. */
export function encodeAnswerHead({ shape, reads, isLast }: AnswerHead): Buffer {
  const isStream = shape.kind === "stream";
  const streamed = reads || isStream ? "streamed" : "none";
  return encodeHeadersReply("response-headers", {
    set: isStream ? shape.set : [],
    remove: isStream ? [...shape.remove, CLRK_HEADERS.served] : [CLRK_HEADERS.served],
    ...(!isLast && {
      mode: {
        request: "buffered",
        response: shape.kind === "whole" ? "buffered" : streamed,
        responseHeaders: "send",
      },
    }),
  });
}

/** The message at a whole body: another one in its place. */
export function encodeWholeAnswer({ status, set, remove, body }: WholeAnswer): Buffer {
  return encodeBodyReply("response-body", {
    body,
    set: [[":status", String(status)], ...set],
    remove,
  });
}

/** The message at the headers of an answer without a body, where there is no other to say it at: all of it is ours. */
export function encodeReplacedAnswer(answer: WholeAnswer, transactionId: string): Buffer {
  const { status, set, body } = answer;
  return encodeImmediateResponse({
    status,
    headers: set.filter(([name]) => name !== "content-length"),
    body,
    details: "clrk_translated",
    transactionId,
  });
}
