/** Checks that counts of tokens survive being written and read by a codec. */

import type { CountCodec } from "../codec.ts";
import type { CheckBook } from "./check-book.ts";
import type { CodecUse } from "./codec-use.ts";
import { frozen, wireResponse } from "./codec-use.ts";
import { tokenCountShape } from "./ir-shape.ts";
import { plainConversation } from "./request-cases.ts";
import { carryRequest } from "./request-checks.ts";

/** Makes every check of counts themselves; their requests are checked as conversations. */
export function checkCounts(use: CodecUse<CountCodec>, book: CheckBook): void {
  for (const inputTokens of [0, 7, 1_234_567]) {
    book.check(`count of ${inputTokens}`, () => countProblem(use, inputTokens));
  }
}

function countProblem(use: CodecUse<CountCodec>, inputTokens: number): string | undefined {
  const asked = carryRequest(use, plainConversation);
  if (typeof asked === "string") return `its request cannot be carried: ${asked}`;
  const written = use.codec.encodeResponse(frozen({ inputTokens }), frozen(asked));
  const decoded = use.codec.decodeResponse(wireResponse(written));
  if (decoded.kind === "malformed") return `its own writing is malformed: ${decoded.reason}`;
  const [problem] = tokenCountShape(decoded.value, "");
  if (problem !== undefined) return `it is read as no count: ${problem}`;
  const found = decoded.value.inputTokens;
  return found === inputTokens ? undefined : `it is read as ${found}`;
}
