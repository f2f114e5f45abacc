/** Calls of functions and their responses in a Gemini conversation. https://ai.google.dev/gemini-api/docs/function-calling https://ai.google.dev/gemini-api/docs/thought-signatures */
import { googleError } from "./google-error.ts";
import type { GoogleModel } from "./google-model.ts";
import { isJsonObject } from "./json-fields.ts";
import type { JsonObject } from "./json-fields.ts";
import { signatureOf } from "./model-answer.ts";
import type { Reply } from "./reply.ts";

/** Signatures by which callers say that they have none, documented for histories from elsewhere. */
const placeholders = ["skip_thought_signature_validator", "context_engineering_is_the_way_to_go"];

/** What the API signs a call of a function with. */
export function callSignature(name: string): string {
  return signatureOf("google", `call ${name}`);
}

/** What the API signs an answer's text with. */
export const textSignature: string = signatureOf("google", "text");

/** The answer to turns that are not in the order that calls need; undefined when they are. */
export function findFunctionTurnProblem(
  contents: readonly JsonObject[],
  model: GoogleModel,
): Reply | undefined {
  let calls: readonly JsonObject[] = [];
  for (const [index, content] of contents.entries()) {
    const called = membersOf(content, "functionCall");
    const responses = membersOf(content, "functionResponse");
    const previous = contents[index - 1];
    if (called.length > 0 && (previous === undefined || previous["role"] === "model")) {
      return googleError(
        400,
        "Please ensure that function call turn comes immediately after a user turn or after a function response turn.",
      );
    }
    const problem = findResponseProblem(calls, responses);
    if (problem !== undefined) return problem;
    calls = called;
  }
  if (calls.length > 0) return countMismatch();
  return findSignatureProblem(contents, model);
}

function findResponseProblem(
  calls: readonly JsonObject[],
  responses: readonly JsonObject[],
): Reply | undefined {
  if (responses.length > 0 && calls.length === 0) {
    return googleError(
      400,
      "Please ensure that function response turn comes immediately after a function call turn.",
    );
  }
  if (responses.length !== calls.length) return countMismatch();
  const left = [...calls];
  for (const { id, name } of responses) {
    const at = left.findIndex(
      (call) => call["name"] === name && (id === undefined || id === call["id"]),
    );
    if (at < 0) {
      return googleError(
        400,
        `Function response "${String(name)}" has no function call of that name and id in the turn before.`,
      );
    }
    left.splice(at, 1);
  }
  return undefined;
}

function countMismatch(): Reply {
  return googleError(
    400,
    "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.",
  );
}

/** Since Gemini 3 the first call of each step since the user last spoke must be signed; signatures of others never count. */
function findSignatureProblem(
  contents: readonly JsonObject[],
  model: GoogleModel,
): Reply | undefined {
  const spoke = contents.findLastIndex(
    (content) => content["role"] !== "model" && membersOf(content, "functionResponse").length === 0,
  );
  for (const [index, content] of contents.entries()) {
    const parts = partsOf(content);
    const first = parts.findIndex(({ functionCall }) => functionCall !== undefined);
    for (const [position, part] of parts.entries()) {
      const { thoughtSignature: signature, functionCall: call } = part;
      if (typeof signature === "string") {
        if (!isOurs(signature, part)) return googleError(400, "Corrupted thought signature.");
      } else if (position === first && index > spoke && model.generation >= 3) {
        return missingSignature(isJsonObject(call) ? String(call["name"]) : "", index);
      }
    }
  }
  return undefined;
}

function isOurs(signature: string, { functionCall: call }: JsonObject): boolean {
  if (placeholders.includes(signature) || signature === textSignature) return true;
  return isJsonObject(call) && signature === callSignature(String(call["name"]));
}

function missingSignature(name: string, position: number): Reply {
  return googleError(
    400,
    `Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call \`default_api:${name}\`, position ${position}.`,
  );
}

function membersOf(content: JsonObject, member: string): JsonObject[] {
  return partsOf(content)
    .map((part) => part[member])
    .filter(isJsonObject);
}

function partsOf({ parts }: JsonObject): readonly JsonObject[] {
  return Array.isArray(parts) ? parts.filter(isJsonObject) : [];
}
