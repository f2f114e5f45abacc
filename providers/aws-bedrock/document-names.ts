/**
 * Names of documents as Converse takes them
 * (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_DocumentBlock.html): letters, digits, single
 * spaces, hyphens and brackets, at most 200, and no two the same in a request.
 */

const forbidden = /[^a-zA-Z0-9\s\-()[\]]+/g;
const spaces = /\s+/g;
/** The longest name, less what tells equal ones apart */
const keptCharacters = 190;

/** Makes the names of one request's documents, in their order. */
export function createDocumentNames(): (name: string | null) => string {
  const used = new Set<string>();
  return (name) => {
    const cleaned = (name ?? "").replace(forbidden, "-").replace(spaces, " ").trim();
    const base = cleaned.slice(0, keptCharacters).trimEnd() || "document";
    let unique = base;
    for (let count = 2; used.has(unique); count++) unique = `${base} (${count})`;
    used.add(unique);
    return unique;
  };
}
