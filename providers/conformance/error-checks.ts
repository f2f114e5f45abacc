/** Checks that errors keep their kind and sentence, and that what is no error of the dialect is one all the same. */

import type { Codec } from "../codec.ts";
import type { ErrorKind, ModelError } from "../ir.ts";
import type { CheckBook } from "./check-book.ts";
import type { CodecUse } from "./codec-use.ts";
import { frozen, wireResponse } from "./codec-use.ts";
import { firstDifference } from "./first-difference.ts";
import { modelErrorShape } from "./ir-shape.ts";
import { nonsenseBodies, secretWord } from "./nonsense.ts";

/** The status that each kind usually has. */
const statusOfKind: Readonly<Record<ErrorKind, number>> = {
  "invalid-request": 400,
  authentication: 401,
  permission: 403,
  "not-found": 404,
  "too-large": 413,
  "rate-limit": 429,
  overloaded: 529,
  timeout: 504,
  server: 500,
};

/** What a status means where the body says nothing. */
const kindOfStatus: ReadonlyMap<number, ErrorKind> = new Map([
  [400, "invalid-request"],
  [401, "authentication"],
  [403, "permission"],
  [404, "not-found"],
  [408, "timeout"],
  [413, "too-large"],
  [429, "rate-limit"],
  [500, "server"],
  [502, "server"],
  [503, "overloaded"],
  [504, "timeout"],
  [529, "overloaded"],
]);

const message = 'The model "gpt-ß" is not there: try again in 7 s';

/** Makes every check of errors. */
export function checkErrors(use: CodecUse, book: CheckBook): void {
  for (const kind of kindsOf(statusOfKind)) {
    book.check(`error "${kind}"`, () => roundTripProblems(use.codec, kind));
  }
  for (const [status, kind] of kindOfStatus) {
    for (const [name, body] of nonsenseBodies()) {
      book.check(`error of status ${status} with ${name}`, () =>
        nonsenseProblem(use.codec, { status, body, kind }),
      );
    }
  }
}

function kindsOf(record: Readonly<Record<ErrorKind, number>>): readonly ErrorKind[] {
  // The keys of the record are the kinds.
  return Object.keys(record) as ErrorKind[];
}

function roundTripProblems(codec: Codec, kind: ErrorKind): string | undefined {
  const error: ModelError = frozen({ status: statusOfKind[kind], kind, message, code: null });
  const written = codec.encodeError(error);
  const { status } = written;
  if (!(Number.isInteger(status) && status >= 400 && status <= 599)) {
    return `it is written with status ${status}`;
  }
  const found = codec.decodeError(wireResponse(written, status));
  const isNear = kind === "too-large" && found.kind === "invalid-request";
  return (
    modelErrorShape(found, "")[0] ??
    // Not every dialect has a word for what is too large.
    firstDifference({ kind: isNear ? kind : found.kind, message: found.message }, { kind, message })
  );
}

function nonsenseProblem(
  codec: Codec,
  answer: { readonly status: number; readonly body: Buffer; readonly kind: ErrorKind },
): string | undefined {
  const { status, body, kind } = answer;
  const found = codec.decodeError(wireResponse({ contentType: "text/html", body }, status));
  const [problem] = modelErrorShape(found, "");
  if (problem !== undefined) return problem;
  if (found.kind !== kind) return `its kind is "${found.kind}", wanted "${kind}"`;
  if (found.message === "") return "it has no message";
  return found.message.includes(secretWord) ? "its message repeats the body" : undefined;
}
