/** Whole answers (https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse), written from the IR. */

import type { ChatRequest, ChatResponse, Choice, Part } from "../ir.ts";
import type { JsonObject } from "../json-text.ts";
import { writeJson } from "../json-text.ts";
import { encodeCall } from "./content-encoder.ts";
import { CallSigner, dialectName } from "./thought-signatures.ts";
import { encodeFinish } from "./finish-reasons.ts";
import { encodeLogprobs } from "./logprobs-result.ts";
import { isMedia, toMedia } from "./media.ts";
import { isThirdGeneration } from "./model-traits.ts";
import { encodeUsage } from "./usage-metadata.ts";

const idForm = /^[A-Za-z0-9_-]{1,64}$/;

/** The body of an answer to `request`. */
export function encodeAnswer(response: ChatResponse, request: ChatRequest): string {
  const { id, model, choices, usage } = response;
  return writeJson({
    candidates: choices.map((choice, index) => encodeChoice(choice, index, request)),
    usageMetadata: usage === null ? undefined : encodeUsage(usage),
    modelVersion: model,
    responseId: encodeId(id),
  });
}

/** An id as Gemini's are; of one in another form what fits. */
export function encodeId(id: string): string {
  return idForm.test(id) ? id : id.replaceAll(/[^A-Za-z0-9]/g, "").slice(0, 64);
}

/** Whether the agent is to see reasoning; by default it is not. */
export function showsThoughts({ reasoning }: ChatRequest): boolean {
  return reasoning?.visible === true;
}

/**
 * Signs the calls of an answer to `request`: the agent gives them back in its next one, which the model that it asks for
 * may read itself.
 */
export function createSigner({ model }: ChatRequest): CallSigner {
  return new CallSigner(isThirdGeneration(model) ? "required" : "optional");
}

function encodeChoice(choice: Choice, index: number, request: ChatRequest): JsonObject {
  const { parts, finish, logprobs } = choice;
  const encoded = encodeParts(parts, request);
  return {
    content: encoded.length === 0 ? { role: "model" } : { parts: encoded, role: "model" },
    finishReason: encodeFinish(finish),
    index,
    logprobsResult: logprobs === null ? undefined : encodeLogprobs(logprobs),
  };
}

function encodeParts(parts: readonly Part[], request: ChatRequest): JsonObject[] {
  const signer = createSigner(request);
  return parts
    .map((part) =>
      part.kind === "tool-call"
        ? encodeCall(part, signer.sign(part.signature))
        : encodePart(part, request),
    )
    .filter((part) => part !== undefined);
}

function encodePart(part: Part, request: ChatRequest): JsonObject | undefined {
  switch (part.kind) {
    case "text":
    case "refusal":
      return { text: part.text };
    case "reasoning": {
      const signature = part.origin === dialectName ? (part.signature ?? undefined) : undefined;
      const text = showsThoughts(request) ? part.text : "";
      if (text !== "") return { thought: true, text, thoughtSignature: signature };
      return signature === undefined ? undefined : { text: "", thoughtSignature: signature };
    }
    default:
      return isMedia(part) ? toMedia(part) : undefined;
  }
}
