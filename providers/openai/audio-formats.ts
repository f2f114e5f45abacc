/** Names that OpenAI's dialect has for formats of sound, and their media types. */

const mediaTypes: ReadonlyMap<string, string> = new Map([
  ["wav", "audio/wav"],
  ["mp3", "audio/mpeg"],
]);

const formats: ReadonlyMap<string, string> = new Map([
  ["audio/wav", "wav"],
  ["audio/x-wav", "wav"],
  ["audio/wave", "wav"],
  ["audio/mpeg", "mp3"],
  ["audio/mp3", "mp3"],
]);

/** The media type of a format such as `mp3`; servers other than OpenAI's know more of them by their subtype. */
export function audioMediaType(format: string): string {
  return mediaTypes.get(format) ?? `audio/${format}`;
}

/** The format of a media type. */
export function audioFormat(mediaType: string): string {
  return formats.get(mediaType) ?? mediaType.slice(mediaType.indexOf("/") + 1);
}
