/**
 * Parts of turns and answers made comparable: ids are numbered in the order in which they come, because dialects without
 * ids have theirs made up, and JSON text is read, because its blanks say nothing.
 */

import type { JsonNumber } from "../json-text.ts";
import { parseJsonText, writeJson } from "../json-text.ts";
import type { Part, Source, ToolResultPart } from "../ir.ts";
import type { Plain } from "./first-difference.ts";

/** How parts are compared. */
export interface PlainOptions {
  /** Whether a feature must survive; what need not is made equal on both sides */
  readonly keeps: (feature: "tool-result-error" | "image-detail") => boolean;
  /** This is what is wanted: what it leaves open is not compared */
  readonly isWanted: boolean;
  /** Texts beside each other are one, whatever blanks are put between them */
  readonly joinsTexts?: boolean;
}

/** Numbers ids; the same for the same id. */
export type NumberId = (id: string) => string;

/** A numbering of ids that begins anew. */
export function createNumbering(): NumberId {
  const numbers = new Map<string, string>();
  return (id) => {
    const known = numbers.get(id) ?? `call ${numbers.size + 1}`;
    numbers.set(id, known);
    return known;
  };
}

/** Parts in order. Reasoning is left out: which forms of it a dialect has is asked for itself. */
export function plainParts(
  parts: readonly Part[],
  numberId: NumberId,
  options: PlainOptions,
): Plain[] {
  const list = options.joinsTexts === true ? joinTexts(parts) : parts;
  return list.flatMap((part) => plainPart(part, numberId, options));
}

function joinTexts(parts: readonly Part[]): Part[] {
  const text = parts.flatMap((part) => (part.kind === "text" ? [part.text] : [])).join("");
  const others = parts.filter(({ kind }) => kind !== "text");
  return [{ kind: "text", text: text.replaceAll(/\s/g, "") }, ...others];
}

/** A number by its digits. */
export function plainNumber(value: JsonNumber | null): string | null {
  return value === null ? null : writeJson(value);
}

/** JSON text by what it says; other text as it is. */
export function plainJsonText(text: string): string {
  const parsed = parseJsonText(text);
  return parsed.kind === "value" ? writeJson(parsed.value) : text;
}

function plainPart(part: Part, numberId: NumberId, options: PlainOptions): Plain[] {
  switch (part.kind) {
    case "text":
    // Dialects without refusals say them as text.
    case "refusal":
      return part.text === "" ? [] : [{ text: part.text }];
    case "reasoning":
      return [];
    case "image":
      return [
        {
          image: plainSource(part.source),
          detail: options.keeps("image-detail") ? openNull(part.detail, options) : null,
        },
      ];
    case "document":
      return [{ document: plainSource(part.source), name: openNull(part.name, options) }];
    case "audio":
      return [{ audio: plainSource(part.source) }];
    case "tool-call":
      return [
        { call: numberId(part.id), tool: part.name, arguments: plainJsonText(part.arguments) },
      ];
    case "tool-result":
      return plainResult(part, numberId, options);
  }
}

/** Images and documents stand behind the result: where a result holds text only, they follow it. */
function plainResult(part: ToolResultPart, numberId: NumberId, options: PlainOptions): Plain[] {
  const isText = ({ kind }: Part) => kind === "text";
  const texts = plainParts(part.parts.filter(isText), numberId, options);
  const others = part.parts.filter((one) => !isText(one));
  return [
    {
      result: numberId(part.callId),
      tool: openNull(part.name, options),
      // Some APIs take no empty result: it is filled with something.
      parts: part.parts.length === 0 && options.isWanted ? undefined : texts,
      isError: options.keeps("tool-result-error") ? part.isError : null,
    },
    ...plainParts(others, numberId, options),
  ];
}

function plainSource(source: Source): Plain {
  switch (source.kind) {
    case "base64":
      return { base64: source.data, mediaType: source.mediaType };
    case "url":
      // Most dialects name none: who fetches it sees what it is.
      return { url: source.url };
    case "file":
      return { file: source.id };
  }
}

/** What a request leaves to the provider, its dialect may have to name. */
function openNull(value: string | null, { isWanted }: PlainOptions): Plain {
  return value === null && isWanted ? undefined : value;
}
