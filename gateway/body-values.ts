/** Values at places of a JSON body, read so that nobody could read others there. */

import type { ArgumentStep } from "../crds/argument-path.ts";
import { parseJson } from "../providers/json-text.ts";
import { CallArguments } from "./mcp/call-arguments.ts";
import type { ArgumentValue } from "./mcp/call-arguments.ts";

/** What a path leads to. */
export type BodyValue = ArgumentValue;

/**
 * All values that each path leads to, at least one for each, in the order of the paths; undefined for a body that is no
 * JSON, or nested too deep. A key on the way that comes twice, also in another case, makes its value ambiguous.
 */
export function findBodyValues(
  body: Buffer,
  paths: readonly (readonly ArgumentStep[])[],
): readonly (readonly BodyValue[])[] | undefined {
  if (parseJson(body).kind === "malformed") return undefined;
  // The first character of a document is that of its value, once what may stand around it is gone.
  const start = body.findIndex((byte) => byte > 0x20);
  const document = new CallArguments(body, { start, end: body.length });
  return paths.map((steps) => document.find(steps));
}
