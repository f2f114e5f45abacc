/** Media types of files by the end of their names: the Responses API knows a file's type by its name or `data:` URL. */

const typeOfEnd: ReadonlyMap<string, string> = new Map([
  ["pdf", "application/pdf"],
  ["txt", "text/plain"],
  ["md", "text/markdown"],
  ["csv", "text/csv"],
  ["html", "text/html"],
  ["json", "application/json"],
  ["xml", "application/xml"],
  ["doc", "application/msword"],
  ["docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
  ["xls", "application/vnd.ms-excel"],
  ["xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
  ["pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"],
]);

const endOfType: ReadonlyMap<string, string> = new Map(
  [...typeOfEnd].map(([end, type]) => [type, end]),
);

/** Media type of a file by its name; PDF where the name says nothing, which is the first type that the API took. */
export function mediaTypeOf(name: string | null): string {
  const end = name?.slice(name.lastIndexOf(".") + 1).toLowerCase();
  return typeOfEnd.get(end ?? "") ?? "application/pdf";
}

/** A name for a file that has none; the API wants one beside its bytes. */
export function fileName(mediaType: string): string {
  return `document.${endOfType.get(mediaType) ?? "pdf"}`;
}
