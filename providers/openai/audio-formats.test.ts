import t from "tap";
import { audioFormat, audioMediaType } from "./audio-formats.ts";

for (const [format, mediaType] of [
  ["wav", "audio/wav"],
  ["mp3", "audio/mpeg"],
  ["flac", "audio/flac"],
] as const) {
  t.test(`audioMediaType() and audioFormat() are each other's inverse for ${format}`, async (t) => {
    t.equal(audioMediaType(format), mediaType);
    t.equal(audioFormat(mediaType), format);
  });
}

t.test("audioFormat() knows other names of the two formats", async (t) => {
  t.equal(audioFormat("audio/x-wav"), "wav");
  t.equal(audioFormat("audio/wave"), "wav");
  t.equal(audioFormat("audio/mp3"), "mp3");
});
