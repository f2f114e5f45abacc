/** Whether objects in a value have keys that readers may take for the same: then nobody can be shown what it says. */

import type { ByteRange } from "../../providers/json-splice-members.ts";
import { readMembers } from "../../providers/json-splice-members.ts";
import { skipSpace, skipValue } from "../../providers/json-splice-value.ts";

const comma = 0x2c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;

/** Whether any key comes twice in its object, also in another case. The value is valid JSON, at most 128 levels deep. */
export function hasRepeatedKeys(body: Buffer, { start }: Pick<ByteRange, "start">): boolean {
  if (body[start] === openBracket) return hasRepeatedInList(body, start);
  if (body[start] !== openBrace) return false;
  const read = readMembers(body, start);
  if (read.kind === "malformed") return true;
  for (const member of read.members.values()) {
    if (hasRepeatedKeys(body, member)) return true;
  }
  return false;
}

function hasRepeatedInList(body: Buffer, start: number): boolean {
  let at = skipSpace(body, start + 1);
  while (body[at] !== closeBracket) {
    if (hasRepeatedKeys(body, { start: at })) return true;
    at = skipSpace(body, skipValue(body, at));
    if (body[at] === comma) at = skipSpace(body, at + 1);
  }
  return false;
}
