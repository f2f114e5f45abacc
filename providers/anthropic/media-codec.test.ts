import t from "tap";
import type { DocumentPart, ImagePart, Source } from "../ir.ts";
import { decodeDocument, decodeImage, encodeDocument, encodeImage } from "./media-codec.ts";
import { RequestNotes } from "./request-notes.ts";

const sources: readonly { readonly name: string; readonly source: Source }[] = [
  { name: "bytes", source: { kind: "base64", mediaType: "image/webp", data: "UklG" } },
  { name: "a URL", source: { kind: "url", url: "https://a/b?c=d#e", mediaType: null } },
  { name: "an upload", source: { kind: "file", id: "file_011" } },
];
for (const { name, source } of sources) {
  t.test(`decodeImage() reads what encodeImage() writes of ${name}`, async (t) => {
    const part: ImagePart = { kind: "image", source, detail: null };
    t.strictSame(decodeImage(encodeImage(part), "p", new RequestNotes()), part);
  });
}

const documents: readonly { readonly name: string; readonly part: DocumentPart }[] = [
  ...sources.map(({ name, source }) => ({
    name,
    part: { kind: "document", source, name: null } as const,
  })),
  {
    name: "text with a name",
    part: {
      kind: "document",
      source: {
        kind: "base64",
        mediaType: "text/plain",
        data: Buffer.from("né\u0000\u{1f600}").toString("base64"),
      },
      name: "n",
    },
  },
];
for (const { name, part } of documents) {
  t.test(`decodeDocument() reads what encodeDocument() writes of ${name}`, async (t) => {
    t.strictSame(decodeDocument(encodeDocument(part), "p", new RequestNotes()), part);
  });
}

const dataUrls = [
  {
    url: "data:image/png;base64,aGk=",
    source: { kind: "base64", mediaType: "image/png", data: "aGk=" },
  },
  {
    url: "DATA:image/PNG;base64,aGk=",
    source: { kind: "base64", mediaType: "image/PNG", data: "aGk=" },
  },
  {
    url: "data:text/plain;charset=utf-8;base64,aGk=",
    source: { kind: "base64", mediaType: "text/plain", data: "aGk=" },
  },
  { url: "data:;base64,aGk=", source: { kind: "base64", mediaType: "", data: "aGk=" } },
  {
    url: "data:text/plain,hi",
    source: { kind: "url", url: "data:text/plain,hi", mediaType: null },
  },
] as const;
for (const { url, source } of dataUrls) {
  t.test(`decodeImage() reads ${url}`, async (t) => {
    const part = decodeImage({ source: { type: "url", url } }, "p", new RequestNotes());
    t.strictSame(part?.source, source);
  });
}

t.test("encodeDocument() leaves bytes of other types as they are", async (t) => {
  const source: Source = { kind: "base64", mediaType: "application/msword", data: "0M8R" };
  t.match(encodeDocument({ kind: "document", source, name: null }), {
    source: { type: "base64", media_type: "application/msword", data: "0M8R" },
  });
});
