/**
 * Formats of images, documents and sound as Converse names them, and their media types
 * (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_DocumentBlock.html, …_ImageBlock.html,
 * …_AudioBlock.html).
 */

const imageFormats: ReadonlyMap<string, string> = new Map([["image/jpg", "jpeg"]]);

const documentTypes: readonly (readonly [format: string, mediaType: string])[] = [
  ["pdf", "application/pdf"],
  ["csv", "text/csv"],
  ["doc", "application/msword"],
  ["docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
  ["xls", "application/vnd.ms-excel"],
  ["xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
  ["html", "text/html"],
  ["txt", "text/plain"],
  ["md", "text/markdown"],
];

const documentTypeOfFormat: ReadonlyMap<string, string> = new Map(documentTypes);

const documentFormatOfType: ReadonlyMap<string, string> = new Map([
  ...documentTypes.map(([format, mediaType]) => [mediaType, format] as const),
  ["text/x-markdown", "md"],
  // Text under another name
  ["application/json", "txt"],
  ["application/xml", "txt"],
]);

const audioTypes: readonly (readonly [format: string, mediaType: string])[] = [
  ["mp3", "audio/mpeg"],
  ["wav", "audio/wav"],
  ["aac", "audio/aac"],
  ["flac", "audio/flac"],
  ["m4a", "audio/mp4"],
  ["ogg", "audio/ogg"],
  ["opus", "audio/opus"],
  ["webm", "audio/webm"],
];

const audioTypeOfFormat: ReadonlyMap<string, string> = new Map(audioTypes);

const audioFormatOfType: ReadonlyMap<string, string> = new Map([
  ...audioTypes.map(([format, mediaType]) => [mediaType, format] as const),
  ["audio/mp3", "mp3"],
  ["audio/x-wav", "wav"],
  ["audio/wave", "wav"],
]);

/** The media type of an image in a format. */
export function imageTypeOf(format: string): string {
  return `image/${format}`;
}

/** The format of an image; for a type that Converse does not have its own name, which Bedrock refuses by name. */
export function imageFormatOf(mediaType: string): string {
  const type = essenceOf(mediaType);
  return imageFormats.get(type) ?? subtypeOf(type);
}

/** The media type of a document in a format. */
export function documentTypeOf(format: string): string {
  return documentTypeOfFormat.get(format) ?? "application/octet-stream";
}

/** The format of a document; any text is `txt`; for other types that Converse does not have their own name. */
export function documentFormatOf(mediaType: string): string {
  const type = essenceOf(mediaType);
  const format = documentFormatOfType.get(type);
  if (format !== undefined) return format;
  return type.startsWith("text/") ? "txt" : subtypeOf(type);
}

/** The media type of sound in a format. */
export function audioTypeOf(format: string): string {
  return audioTypeOfFormat.get(format) ?? `audio/${format}`;
}

/** The format of sound; for a type that Converse does not have its own name. */
export function audioFormatOf(mediaType: string): string {
  const type = essenceOf(mediaType);
  return audioFormatOfType.get(type) ?? subtypeOf(type);
}

/** Without parameters. */
function essenceOf(mediaType: string): string {
  const [type = ""] = mediaType.split(";", 1);
  return type.trim().toLowerCase();
}

function subtypeOf(type: string): string {
  return type.slice(type.indexOf("/") + 1);
}
