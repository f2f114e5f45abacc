/** A captured body as lines for people, from the attributes of its event. Not escaped yet. */
import { BODY_ATTRIBUTES } from "../../../gateway/attributes.ts";
import type { AttributeText } from "./attribute-text.ts";
import { tryIndentJson } from "./json-lines.ts";

/** What is shown of a body. */
export interface BodyLines {
  /** `<n bytes binary>` for what is no text; JSON is indented */
  readonly lines: readonly string[];
  /** Size on the wire, and whether all of it was kept: `2,114 bytes, 512 kept` */
  readonly note: string;
}

/** A character of UTF-8 that a cut went through has at most three bytes left. */
const longestCutCharacter = 3;

/** The body of a body's event. */
export function readBody(attributes: readonly AttributeText[]): BodyLines {
  const values = new Map(attributes.map(({ key, text }) => [key, text]));
  const bytes = Buffer.from(values.get(BODY_ATTRIBUTES.base64) ?? "", "base64");
  const isCut = values.get(BODY_ATTRIBUTES.truncated) === "true";
  const size = Number(values.get(BODY_ATTRIBUTES.bytes) ?? bytes.length);
  const coding = values.get(BODY_ATTRIBUTES.contentEncoding) ?? "";
  const kept = isCut ? `, ${formatCount(bytes.length)} kept` : "";
  const note = `${formatCount(size)} bytes${kept}${coding === "" ? "" : `, ${coding}`}`;
  // What has a coding yet could not be decoded.
  const text = coding === "" ? tryDecode(bytes, isCut) : undefined;
  if (text === undefined) return { lines: [`<${bytes.length} bytes binary>`], note };
  return { lines: tryIndentJson(text) ?? text.split(/\r\n|\r|\n/), note };
}

/** Digits in groups of three: `12,345`. */
export function formatCount(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString("en-US") : "?";
}

function tryDecode(bytes: Uint8Array, isCut: boolean): string | undefined {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  for (let less = 0; less <= (isCut ? longestCutCharacter : 0); less++) {
    try {
      const text = decoder.decode(bytes.subarray(0, bytes.length - less));
      // Text has no zero bytes; terminals show nothing of them.
      return text.includes("\0") ? undefined : text;
    } catch {
      // cut within a character: one byte less, or no text at all
    }
  }
  return undefined;
}
