/** Conversations of the corpus that show images and documents and play sound. */

import type { ChatRequest, Part } from "../ir.ts";
import { image, pdf, text } from "./case-parts.ts";
import { jpegBase64, wavBase64 } from "./sample-files.ts";

/** The conversations by name. */
export function mediaCases(): Readonly<Record<string, Partial<ChatRequest>>> {
  const asks = (...parts: Part[]) => ({ messages: [{ role: "user" as const, parts }] });
  const photo = {
    kind: "image",
    source: { kind: "url", url: "https://images.example/a%20b.png?x=1&y=2", mediaType: null },
    detail: null,
  } as const;
  return {
    "an image": asks(text("What is it?"), image),
    "two images between texts": asks(
      text("This"),
      image,
      text("or"),
      {
        ...image,
        source: { kind: "base64", mediaType: "image/jpeg", data: jpegBase64 },
      },
      text("?"),
    ),
    "an image by its address": asks(text("What is it?"), photo),
    "an image in detail": asks(text("What is it?"), { ...image, detail: "high" }),
    "an image that was uploaded": asks(text("What is it?"), {
      ...image,
      source: { kind: "file", id: "file-1" },
    }),
    "a document": asks(text("Sum it up"), pdf),
    "a document by its address": asks(text("Sum it up"), {
      ...pdf,
      source: { kind: "url", url: "https://documents.example/a.pdf", mediaType: "application/pdf" },
    }),
    sound: asks(text("What is said?"), {
      kind: "audio",
      source: { kind: "base64", mediaType: "audio/wav", data: wavBase64 },
    }),
  };
}
