/**
 * How many tokens the prompt of a request has, about, by the texts of its body: keys and strings weighed, numbers one
 * each, and the marks of JSON nothing. Where a prompt has more than texts, its body does not say how large it is.
 */

import { TextWeigher } from "./text-weight.ts";

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const letterT = 0x74;

/** Longer strings are no names. */
const longestName = 32;

/** Keys beside which stands, or is named, what is no text of this body: media, files, stored conversations, caches. */
const mediaKeys = new Set([
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
  "file_data",
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
]);

/** Values of `type` that say the same. Tools that a provider runs by itself put what they find into the prompt. */
const mediaTypes =
  /^(?:image|input_image|image_url|document|file|input_file|audio|input_audio|video|container_upload|item_reference|mcp|file_search|code_interpreter|image_generation|computer_use_preview|search_result|web_search.*|web_fetch.*|code_execution.*)$/;

/** Members that are media by what they hold: Bedrock's blocks, and OpenAI's stored conversations and prompts. */
const blockKeys = new Set([
  "image",
  "document",
  "video",
  "audio",
  "conversation",
  "container",
  "prompt",
]);
const blockMembers = new Set(["format", "source", "id"]);

/** What a request's body says of its prompt. */
export interface PromptMeasure {
  /** Of its texts, see `text-weight.ts`; null where the body's size says nothing of the prompt */
  readonly weight: number | null;
  /** It asks for its answer as a stream */
  readonly asksStream: boolean;
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
    at = findEnd(body, start);
    weigher.begin();
    weigher.write(body, start, at);
    if (at - start <= longestName) names.read(body, start, at);
  }
  const isText = !names.hasMedia && !weigher.hasEscapedLetter;
  return { weight: isText ? weigher.weight + scalars : null, asksStream: names.asksStream };
}

/** Follows names from one to the next. */
class NameJudge {
  hasMedia = false;
  asksStream = false;
  #key = "";

  /** Takes a short string that begins and ends there. */
  read(body: Buffer, start: number, end: number): void {
    const name = body.toString("latin1", start, end);
    const value = afterColon(body, end + 1);
    if (value < 0) {
      const isTyped = this.#key === "type" && mediaTypes.test(name);
      const isStored = this.#key === "conversation" || this.#key === "container";
      this.#key = "";
      if (isTyped || isStored) this.hasMedia = true;
      return;
    }
    const outer = this.#key;
    this.#key = name;
    if (mediaKeys.has(name)) this.hasMedia = true;
    if (blockKeys.has(outer) && blockMembers.has(name)) this.hasMedia = true;
    if (name === "stream" && body[value] === letterT) this.asksStream = true;
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

/** Where the string ends that begins at `start`. */
function findEnd(body: Buffer, start: number): number {
  let at = start;
  for (;;) {
    const found = body.indexOf(quote, at);
    if (found < 0) return body.length;
    let before = found;
    while (before > start && body[before - 1] === backslash) before--;
    if ((found - before) % 2 === 0) return found;
    at = found + 1;
  }
}

function isScalarByte(byte: number): boolean {
  const isDigit = byte >= 0x30 && byte <= 0x39;
  return isDigit || (byte >= 0x61 && byte <= 0x7a) || byte === 0x2d || byte === 0x2e;
}
