/** Checks that bodies which are none of the dialect are refused in words, and never throw or pass for the IR. */

import type { Codec } from "../codec.ts";
import { parseJson, writeJson } from "../json-text.ts";
import type { ValueCheck } from "../value-check.ts";
import type { CheckBook } from "./check-book.ts";
import type { CodecUse } from "./codec-use.ts";
import { wireRequest, wireResponse } from "./codec-use.ts";
import { nonsenseBodies, secretWord, strangeDocuments } from "./nonsense.ts";

/** What is damaged: bodies that the codec wrote itself, and what they are read as. */
export interface MalformedSamples {
  readonly requests: readonly (string | Buffer)[];
  readonly requestShape: ValueCheck;
  readonly answers: readonly (string | Buffer)[];
  readonly answerShape: ValueCheck;
}

/** Makes every check of bodies that are not as they should be. */
export function checkMalformed(use: CodecUse, book: CheckBook, samples: MalformedSamples): void {
  const request = requestReader(use, samples.requestShape);
  const answer = answerReader(use, samples.answerShape);
  for (const [name, body] of nonsenseBodies()) {
    book.check(`request of ${name}`, () => request(body) ?? leak(use, body));
    book.check(`answer of ${name}`, () => answer(body));
  }
  for (const [index, body] of samples.requests.entries()) {
    book.check(`damaged request ${index + 1}`, () => damageProblem(body, request));
  }
  for (const [index, body] of samples.answers.entries()) {
    book.check(`damaged answer ${index + 1}`, () => damageProblem(body, answer));
  }
}

type Reader = (body: Buffer) => string | undefined;

function requestReader(use: CodecUse, shape: ValueCheck): Reader {
  const codec: Codec = use.codec;
  return (body) => judge(codec.decodeRequest(wireRequest(use, callOf(use), body)), shape);
}

function answerReader(use: CodecUse, shape: ValueCheck): Reader {
  const codec: Codec = use.codec;
  return (body) =>
    judge(codec.decodeResponse(wireResponse({ contentType: "application/json", body })), shape);
}

/** A body may be read as something, but then it must be the IR. */
function judge(
  decoded: { readonly kind: string; readonly value?: unknown; readonly reason?: unknown },
  shape: ValueCheck,
): string | undefined {
  if (decoded.kind === "ok") {
    const [problem] = shape(decoded.value, "");
    return problem === undefined ? undefined : `it is read as none: ${problem}`;
  }
  if (decoded.kind !== "malformed") return `it is read as "${decoded.kind}"`;
  const { reason } = decoded;
  if (typeof reason !== "string" || reason === "") return "it is malformed without a reason";
  return undefined;
}

/** Whoever is told the reason may be another than who wrote the body. */
function leak(use: CodecUse, body: Buffer): string | undefined {
  const codec: Codec = use.codec;
  const decoded = codec.decodeRequest(wireRequest(use, callOf(use), body));
  if (decoded.kind === "ok" || !decoded.reason.includes(secretWord)) return undefined;
  return "the reason quotes the body";
}

function callOf({ model }: CodecUse) {
  return { model, stream: false };
}

function damageProblem(body: string | Buffer, read: Reader): string | undefined {
  const parsed = parseJson(Buffer.from(body));
  // Bodies of other forms have only their bytes damaged, by the checks of streams.
  if (parsed.kind === "malformed") return undefined;
  for (const { at, value } of strangeDocuments(parsed.value)) {
    const text = writeJson(value);
    const problem = attempt(() => read(Buffer.from(text)));
    if (problem !== undefined) return `with ${describePlace(at, value)} ${problem}`;
  }
  return undefined;
}

function attempt(look: () => string | undefined): string | undefined {
  try {
    return look();
  } catch (error) {
    return `it throws: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function describePlace(at: string, value: unknown): string {
  let inner = value;
  for (const step of at === "" ? [] : at.split(".")) {
    inner = typeof inner === "object" && inner !== null ? Reflect.get(inner, step) : undefined;
  }
  return `${JSON.stringify(inner)} at ${at || "its root"}`;
}
