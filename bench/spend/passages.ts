/**
 * Texts of the sorts that agents send and are sent, of all sizes: English, code and JSON of this repository, German and
 * Chinese of `testdata/`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { logUniform, pick } from "./random.ts";

const root = join(import.meta.dirname, "../..");

/** Sizes of a text in bytes, each order of size as likely. */
export interface PassageSizes {
  readonly least: number;
  readonly most: number;
}

/** So many texts, each sort as often as the others. */
export function createPassages(
  random: () => number,
  count: number,
  { least, most }: PassageSizes,
): readonly string[] {
  const sources = [
    readAll("docs", ".md"),
    readAll("extproc", ".ts"),
    readAll("providers/testdata", ".json"),
    readFileSync(join(import.meta.dirname, "testdata/german.txt"), "utf8"),
    readFileSync(join(import.meta.dirname, "testdata/chinese.txt"), "utf8"),
  ].map((text) => text.match(/[^\n]+\n?|\n/g) ?? []);
  return Array.from({ length: count }, (_, at) => {
    const lines = sources[at % sources.length] ?? [];
    return cutTo(joinFrom(random, lines, most), logUniform(random, least, most));
  });
}

function readAll(directory: string, ending: string): string {
  const names = readdirSync(join(root, directory), { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => name.endsWith(ending))
    .toSorted()
    .map((name) => readFileSync(join(root, directory, name), "utf8"))
    .join("\n")
    .slice(0, 2_000_000);
}

/** Lines from a chance place on; of short sources other places follow. */
function joinFrom(random: () => number, lines: readonly string[], bytes: number): string {
  let text = "";
  while (Buffer.byteLength(text) < bytes) {
    const from = lines.indexOf(pick(random, lines));
    text += lines.slice(from, from + 200).join("");
  }
  return text;
}

/** At most so many bytes, and no half character. */
function cutTo(text: string, bytes: number): string {
  return Buffer.from(text)
    .subarray(0, bytes)
    .toString("utf8")
    .replace(/\ufffd+$/, "");
}
