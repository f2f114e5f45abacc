import t from "tap";
import {
  audioFormatOf,
  audioTypeOf,
  documentFormatOf,
  documentTypeOf,
  imageFormatOf,
  imageTypeOf,
} from "./media-formats.ts";

t.test("imageTypeOf() and imageFormatOf() are each other's way back", async (t) => {
  for (const format of ["png", "jpeg", "gif", "webp"]) {
    t.equal(imageTypeOf(format), `image/${format}`);
    t.equal(imageFormatOf(imageTypeOf(format)), format);
  }
});

t.test("imageFormatOf() takes other notations", async (t) => {
  t.equal(imageFormatOf("image/jpg"), "jpeg");
  t.equal(imageFormatOf("IMAGE/PNG"), "png");
  t.equal(imageFormatOf("image/png; charset=binary"), "png");
});

t.test("imageFormatOf() leaves Bedrock to refuse what it does not have", async (t) => {
  t.equal(imageFormatOf("image/bmp"), "bmp");
  t.equal(imageFormatOf("image/svg+xml"), "svg+xml");
});

t.test("documentTypeOf() and documentFormatOf() are each other's way back", async (t) => {
  for (const format of ["pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"]) {
    const type = documentTypeOf(format);
    t.match(type, /^[a-z]+\/[a-z.-]+$/, format);
    t.equal(documentFormatOf(type), format);
  }
});

t.test("documentTypeOf() has no name for a format of tomorrow", async (t) => {
  t.equal(documentTypeOf("odt"), "application/octet-stream");
});

t.test("documentFormatOf() takes any text for text", async (t) => {
  for (const type of ["text/x-python", "text/yaml", "application/json", "application/xml"]) {
    t.equal(documentFormatOf(type), "txt", type);
  }
  t.equal(documentFormatOf("text/x-markdown"), "md");
  t.equal(documentFormatOf("text/plain; charset=utf-8"), "txt");
  t.equal(documentFormatOf("application/zip"), "zip");
});

t.test("audioTypeOf() and audioFormatOf() are each other's way back", async (t) => {
  for (const format of ["mp3", "wav", "aac", "flac", "m4a", "ogg", "opus", "webm"]) {
    t.equal(audioFormatOf(audioTypeOf(format)), format);
  }
  t.equal(audioTypeOf("mp3"), "audio/mpeg");
  t.equal(audioTypeOf("x-aac"), "audio/x-aac");
});

t.test("audioFormatOf() takes other notations", async (t) => {
  t.equal(audioFormatOf("audio/mp3"), "mp3");
  t.equal(audioFormatOf("audio/x-wav"), "wav");
  t.equal(audioFormatOf("audio/wave"), "wav");
  t.equal(audioFormatOf("audio/mka"), "mka");
});
