/** Ids of tool calls in the alphabet that Converse takes. */

import { crc32 } from "node:zlib";

const allowed = /^[a-zA-Z0-9_-]{1,64}$/;
const forbidden = /[^a-zA-Z0-9_-]/g;
/** With the checksum that follows it makes 64 */
const keptCharacters = 55;

/**
 * The id itself where Converse takes it (`[a-zA-Z0-9_-]{1,64}`), else one that is made of it: always the same for the
 * same id, so that calls and their results keep together, over several requests too.
 */
export function toolUseId(id: string): string {
  if (allowed.test(id)) return id;
  const readable = id.replace(forbidden, "_").slice(0, keptCharacters);
  return `${readable}_${crc32(id).toString(16).padStart(8, "0")}`;
}
