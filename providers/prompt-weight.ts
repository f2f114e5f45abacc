/**
 * How many tokens the prompt of a request has, about, by the texts of its body: keys and strings weighed, numbers one
 * each, and the marks of JSON nothing. Where a prompt has more than texts, its body does not say how large it is.
 */

import type { ScalarReader } from "./json-splice-value.ts";
import { isBytes } from "./json-value.ts";
import { TextWeigher } from "./text-weight.ts";

const quote = 0x22;
const colon = 0x3a;
const letterT = 0x74;

/** Longer strings are no names. */
const longestName = 32;

/** What a key says of a prompt. */
type NameSort =
  /** Beside it stands, or is named, what is no text of this body: media, files, stored conversations, caches */
  | "media"
  /** Media by what it holds: Bedrock's blocks, and OpenAI's stored prompts */
  | "block"
  /** The same, and also as a text: what is stored by that name */
  | "stored-block"
  | "block-member"
  | "type"
  | "stream"
  | "other";

const sortsByName: readonly (readonly [sort: NameSort, names: readonly string[]])[] = [
  [
    "media",
    [
      "image_url",
      "input_audio",
      "file_id",
      "file_url",
      "file_data",
      "file_ids",
      "vector_store_ids",
      "previous_response_id",
      "web_search_options",
      "mcp_servers",
      "inlineData",
      "inline_data",
      "fileData",
      "cachedContent",
      "cached_content",
      "googleSearch",
      "google_search",
      "googleSearchRetrieval",
      "google_search_retrieval",
      "urlContext",
      "url_context",
      "codeExecution",
      "code_execution",
      "promptVariables",
    ],
  ],
  ["block", ["image", "document", "video", "audio", "prompt"]],
  ["stored-block", ["conversation", "container"]],
  ["block-member", ["format", "source", "id"]],
  ["type", ["type"]],
  ["stream", ["stream"]],
];

interface KnownName {
  readonly bytes: Buffer;
  readonly sort: NameSort;
}

const none: readonly never[] = [];

/** By length and first byte, which tell nearly all other names apart from those. */
const knownNames = placeNames();

/** Values of `type` that say the same. Tools that a provider runs by itself put what they find into the prompt. */
const mediaTypes =
  /^(?:image|input_image|image_url|document|file|input_file|audio|input_audio|video|container_upload|item_reference|mcp|file_search|code_interpreter|image_generation|computer_use_preview|search_result|web_search.*|web_fetch.*|code_execution.*)$/;

/** What a request's body says of its prompt. */
export interface PromptMeasure {
  /** Of its texts, see `text-weight.ts`; null where the body's size says nothing of the prompt */
  readonly weight: number | null;
  /** It asks for its answer as a stream */
  readonly asksStream: boolean;
}

/** Measures a body while its members are looked for: of one that is JSON it comes to what `measurePrompt()` does. */
export class PromptReader implements ScalarReader {
  readonly #weigher = new TextWeigher();
  readonly #names = new NameJudge();
  #scalars = 0;

  /** Of what was read so far. */
  get measure(): PromptMeasure {
    return measured(this.#weigher, this.#names, this.#scalars);
  }

  readPlain(bytes: Buffer, start: number): number {
    const end = this.#weigher.writePlain(bytes, start);
    if (end >= 0 && end - start <= longestName) this.#names.read(bytes, start, end);
    return end;
  }

  readEscaped(bytes: Buffer, start: number, end: number): void {
    this.#weigher.writeString(bytes, start);
    if (end - start <= longestName) this.#names.read(bytes, start, end);
  }

  passScalar(): void {
    this.#scalars++;
  }
}

/** Measures a body that is JSON in UTF-8. */
export function measurePrompt(body: Buffer): PromptMeasure {
  const weigher = new TextWeigher();
  const names = new NameJudge();
  let scalars = 0;
  let isInScalar = false;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at] ?? 0;
    if (byte !== quote) {
      const isScalar = isScalarByte(byte);
      if (isScalar && !isInScalar) scalars++;
      isInScalar = isScalar;
      continue;
    }
    isInScalar = false;
    const start = at + 1;
    at = weigher.writeString(body, start);
    if (at - start <= longestName) names.read(body, start, at);
  }
  return measured(weigher, names, scalars);
}

function measured(weigher: TextWeigher, names: NameJudge, scalars: number): PromptMeasure {
  const isText = !names.hasMedia && !weigher.hasEscapedLetter;
  return { weight: isText ? weigher.weight + scalars : null, asksStream: names.asksStream };
}

/** Follows names from one to the next. */
class NameJudge {
  hasMedia = false;
  asksStream = false;
  #key: NameSort = "other";

  /** Takes a short string that begins and ends there. */
  read(body: Buffer, start: number, end: number): void {
    const value = afterColon(body, end + 1);
    if (value < 0) {
      const key = this.#key;
      if (key === "other") return;
      this.#key = "other";
      if (key === "stored-block") this.hasMedia = true;
      if (key !== "type") return;
      if (mediaTypes.test(body.toString("latin1", start, end))) this.hasMedia = true;
      return;
    }
    const isInBlock = this.#key === "block" || this.#key === "stored-block";
    const sort = sortOf(body, start, end);
    this.#key = sort;
    if (sort === "media" || (sort === "block-member" && isInBlock)) this.hasMedia = true;
    if (sort === "stream" && body[value] === letterT) this.asksStream = true;
  }
}

/** Where the value of a key begins that ends there; -1 after what is no key. */
function afterColon(body: Buffer, after: number): number {
  const at = skipSpace(body, after);
  return body[at] === colon ? skipSpace(body, at + 1) : -1;
}

function skipSpace(body: Buffer, from: number): number {
  let at = from;
  while (at < body.length && (body[at] ?? 0) <= 0x20) at++;
  return at;
}

function placeNames(): readonly (readonly KnownName[])[] {
  const placed: KnownName[][] = [];
  for (const [sort, names] of sortsByName) {
    for (const name of names) {
      const bytes = Buffer.from(name, "latin1");
      const place = placeOf(bytes, 0, bytes.length);
      placed[place] = [...(placed[place] ?? []), { bytes, sort }];
    }
  }
  return Array.from({ length: (longestName + 1) << 5 }, (_, place) => placed[place] ?? none);
}

function placeOf(bytes: Buffer, start: number, end: number): number {
  return ((end - start) << 5) | ((bytes[start] ?? 0) & 0x1f);
}

function sortOf(bytes: Buffer, start: number, end: number): NameSort {
  for (const known of knownNames[placeOf(bytes, start, end)] ?? none) {
    if (isBytes(known.bytes, bytes, start, end)) return known.sort;
  }
  return "other";
}

function isScalarByte(byte: number): boolean {
  const isDigit = byte >= 0x30 && byte <= 0x39;
  return isDigit || (byte >= 0x61 && byte <= 0x7a) || byte === 0x2d || byte === 0x2e;
}
