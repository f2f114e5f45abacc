/** Requests for embeddings, and answers to them, that codecs must carry over. */

import type { EmbeddingsRequest, EmbeddingsResponse } from "../ir.ts";
import { parseJsonText } from "../json-text.ts";
import type { JsonNumber } from "../json-text.ts";
import { usageOfCases } from "./answer-cases.ts";
import { difficultText } from "./case-parts.ts";

/** The least request; cases differ from it. */
export const plainEmbeddings: EmbeddingsRequest = {
  model: "model-1",
  inputs: ["Hello"],
  dimensions: null,
  encoding: "float",
  endUser: null,
  unexpressed: [],
  variant: "",
};

/** Every request by its name. */
export function embeddingsRequestCases(): readonly {
  readonly name: string;
  readonly request: EmbeddingsRequest;
}[] {
  const cases: Readonly<Record<string, Partial<EmbeddingsRequest>>> = {
    "one text": {},
    "several texts": { inputs: ["Hello", difficultText, "x"] },
    tokens: { inputs: [[1, 2, 3], [40_000]] },
    "fewer dimensions": { dimensions: 256 },
    "vectors in base64": { encoding: "base64" },
    "an end user": { endUser: "user-7" },
  };
  return Object.entries(cases).map(([name, changes]) => ({
    name,
    request: { ...plainEmbeddings, ...changes },
  }));
}

/** Every answer by its name, with what it answers. */
export function embeddingsAnswerCases(): readonly {
  readonly name: string;
  readonly request: EmbeddingsRequest;
  readonly response: EmbeddingsResponse;
}[] {
  const usage = {
    ...usageOfCases,
    outputTokens: null,
    cachedInputTokens: null,
    cacheWriteTokens: null,
    reasoningTokens: null,
  };
  const response = { model: "model-1", usage };
  const inputs = ["Hello", "World"];
  return [
    {
      name: "vectors of numbers",
      request: { ...plainEmbeddings, inputs },
      response: {
        ...response,
        vectors: [numbersOf("[0.012345678901234567890,-1e-7]"), [0.25, -1]],
      },
    },
    {
      name: "vectors in base64",
      request: { ...plainEmbeddings, inputs, encoding: "base64" },
      response: { ...response, vectors: ["AACAPgAAgL8=", "AAAAPwAAAMA="] },
    },
    {
      name: "vectors of numbers where base64 is asked for",
      request: { ...plainEmbeddings, inputs, encoding: "base64" },
      response: {
        ...response,
        vectors: [
          [0.25, -1],
          [0.5, -2],
        ],
      },
    },
    {
      name: "vectors in base64 where numbers are asked for",
      request: { ...plainEmbeddings, inputs },
      response: { ...response, vectors: ["AACAPgAAgL8=", "AAAAPwAAAMA="] },
    },
    {
      name: "no usage",
      request: plainEmbeddings,
      response: { ...response, vectors: [[0.5]], usage: null },
    },
  ];
}

function numbersOf(text: string): readonly JsonNumber[] {
  const parsed = parseJsonText(text);
  if (parsed.kind !== "value") throw new RangeError(`Cannot read the numbers ${text}`);
  // The text is a list of numbers.
  return parsed.value as readonly JsonNumber[];
}
