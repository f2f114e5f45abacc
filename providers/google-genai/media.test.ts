import t from "tap";
import type { JsonObject } from "../json-text.ts";
import { fromBlob, fromFile, isMedia, toMedia, withResolution } from "./media.ts";
import type { MediaPart } from "./media.ts";

const base64 = (mediaType: string) => ({ kind: "base64", mediaType, data: "AAAA" }) as const;
const url = (address: string, mediaType: string | null) =>
  ({ kind: "url", url: address, mediaType }) as const;

const parts: readonly {
  readonly name: string;
  readonly part: MediaPart;
  readonly wire: JsonObject;
}[] = [
  {
    name: "an image",
    part: { kind: "image", source: base64("image/png"), detail: null },
    wire: { inlineData: { mimeType: "image/png", data: "AAAA" } },
  },
  {
    name: "sound",
    part: { kind: "audio", source: base64("audio/wav") },
    wire: { inlineData: { mimeType: "audio/wav", data: "AAAA" } },
  },
  {
    name: "a document",
    part: { kind: "document", source: base64("application/pdf"), name: null },
    wire: { inlineData: { mimeType: "application/pdf", data: "AAAA" } },
  },
  {
    name: "text as a document",
    part: { kind: "document", source: base64("text/plain"), name: null },
    wire: { inlineData: { mimeType: "text/plain", data: "AAAA" } },
  },
  {
    name: "an image by its address",
    part: { kind: "image", source: url("https://a.example/b", "image/webp"), detail: null },
    wire: { fileData: { mimeType: "image/webp", fileUri: "https://a.example/b" } },
  },
  {
    name: "a document in a bucket",
    part: { kind: "document", source: url("gs://b/a.pdf", "application/pdf"), name: null },
    wire: { fileData: { mimeType: "application/pdf", fileUri: "gs://b/a.pdf" } },
  },
];

for (const { name, part, wire } of parts) {
  t.test(`toMedia() writes ${name}`, async (t) => {
    t.same(toMedia(part), wire);
  });

  t.test(`fromBlob() and fromFile() read ${name}`, async (t) => {
    const { inlineData, fileData } = wire;
    const read =
      inlineData === undefined
        ? fromFile(fileData as JsonObject)
        : fromBlob(inlineData as JsonObject);
    t.same(read, part);
  });
}

t.test("fromBlob() keeps the name of a document", async (t) => {
  const part = fromBlob({ mimeType: "application/pdf", data: "AA==", displayName: "a.pdf" });
  t.match(part, { kind: "document", name: "a.pdf" });
});

t.test("fromBlob() writes bytes in the plain alphabet", async (t) => {
  t.match(fromBlob({ mimeType: "image/png", data: "-_-_" }), { source: { data: "+/+/" } });
});

t.test("fromBlob() gives nothing for a blob without type or data", async (t) => {
  for (const blob of [{}, { mimeType: "image/png" }, { data: "AA" }, { mimeType: 1, data: "AA" }]) {
    t.equal(fromBlob(blob), undefined);
  }
});

t.test("fromBlob() and fromFile() know video, which has no place", async (t) => {
  t.equal(fromBlob({ mimeType: "video/mp4", data: "AA" }), "video");
  t.equal(fromFile({ mimeType: "video/mp4", fileUri: "gs://b/a" }), "video");
  for (const fileUri of [
    "https://www.youtube.com/watch?v=1",
    "https://youtu.be/1",
    "https://a.example/b.mp4?x=1",
  ]) {
    t.equal(fromFile({ fileUri }), "video", fileUri);
  }
});

t.test("fromFile() takes the type from the address when it is not said", async (t) => {
  t.match(fromFile({ fileUri: "https://a.example/b.PNG?x=.pdf" }), { kind: "image" });
  t.match(fromFile({ fileUri: "https://a.example/b.pdf#p.png" }), { kind: "document" });
  t.match(fromFile({ fileUri: "https://a.example/b" }), {
    kind: "document",
    source: { mediaType: null },
  });
});

t.test("fromFile() knows uploads", async (t) => {
  for (const id of [
    "https://generativelanguage.googleapis.com/v1beta/files/abc-123",
    "files/abc-123",
  ]) {
    t.match(fromFile({ mimeType: "image/png", fileUri: id }), { source: { kind: "file", id } });
  }
  t.match(fromFile({ mimeType: "image/png", fileUri: "https://a.example/files/a" }), {
    source: { kind: "url" },
  });
  t.equal(fromFile({ mimeType: "image/png" }), undefined);
  t.equal(fromFile({ mimeType: "image/png", fileUri: "" }), undefined);
});

t.test("toMedia() guesses a type that is not said", async (t) => {
  const guesses: readonly (readonly [MediaPart, string])[] = [
    [{ kind: "image", source: url("https://a.example/b.png", null), detail: null }, "image/png"],
    [{ kind: "image", source: url("https://a.example/b", null), detail: null }, "image/jpeg"],
    [{ kind: "document", source: url("https://a.example/b", null), name: null }, "application/pdf"],
    [{ kind: "document", source: url("https://a.example/b.csv", null), name: null }, "text/csv"],
    [{ kind: "audio", source: url("https://a.example/b", null) }, "audio/mpeg"],
  ];
  for (const [part, mimeType] of guesses) t.match(toMedia(part), { fileData: { mimeType } });
});

t.test("toMedia() has no words for uploads to others", async (t) => {
  t.equal(toMedia({ kind: "image", source: { kind: "file", id: "f" }, detail: null }), undefined);
});

t.test("withResolution() is of images", async (t) => {
  const image: MediaPart = { kind: "image", source: base64("image/png"), detail: null };
  const sound: MediaPart = { kind: "audio", source: base64("audio/wav") };
  t.match(withResolution(image, "MEDIA_RESOLUTION_LOW"), { detail: "low" });
  t.match(withResolution(image, "MEDIA_RESOLUTION_MEDIUM"), { detail: "auto" });
  t.match(withResolution(image, "MEDIA_RESOLUTION_HIGH"), { detail: "high" });
  t.match(withResolution(image, "MEDIA_RESOLUTION_ULTRA_HIGH"), { detail: "high" });
  for (const level of [null, "constructor", "MEDIA_RESOLUTION_UNSPECIFIED"]) {
    t.equal(withResolution(image, level), image);
  }
  t.equal(withResolution(sound, "MEDIA_RESOLUTION_LOW"), sound);
});

t.test("isMedia() is true of images, documents and sound", async (t) => {
  for (const { part } of parts) t.equal(isMedia(part), true);
  t.equal(isMedia({ kind: "text", text: "a" }), false);
});
