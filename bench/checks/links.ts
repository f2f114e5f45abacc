/**
 * Documents that people read: every relative link leads to a file, and to a heading where it names one, and a test that
 * is quoted beside a link stands in the file that the link leads to.
 */
import { posix } from "node:path";
import type { TextFile } from "./names.ts";

/** What a document may lead to. */
export interface LinkTargets {
  /** Whether a path from the repository root is a file or folder */
  readonly exists: (path: string) => boolean;
  /** Text of a file by its path from the repository root */
  readonly read: (path: string) => string;
}

/** One sentence, led by `path:line`, for each link of the documents that leads nowhere. */
export function checkLinks(documents: readonly TextFile[], targets: LinkTargets): string[] {
  return documents.flatMap(({ path, text }) =>
    linesOutsideFences(text).flatMap(({ line, number }) =>
      findLinks(line).flatMap((link) => {
        const problem = judgeLink(path, link, targets);
        return problem === undefined ? [] : [`${path}:${number}: ${problem}`];
      }),
    ),
  );
}

/**
 * One sentence for each row of a table that quotes a test which the linked file does not hold. A row without a link is
 * about the file of the row before.
 */
export function checkQuotedTests({ path, text }: TextFile, targets: LinkTargets): string[] {
  let file: string | undefined;
  return linesOutsideFences(text).flatMap(({ line, number }) => {
    if (!line.startsWith("|")) return [];
    const cell = line.split("|").at(-2) ?? "";
    const [link] = findLinks(cell).filter((target) => target.endsWith(".ts"));
    if (link !== undefined) file = resolveLink(path, link);
    const quoted = /"([^"]+)"/.exec(cell)?.[1];
    if (quoted === undefined || file === undefined || !targets.exists(file)) return [];
    if (targets.read(file).includes(quoted)) return [];
    return [`${path}:${number}: "${quoted}" is no test of ${file}`];
  });
}

interface Line {
  readonly line: string;
  readonly number: number;
}

function linesOutsideFences(text: string): Line[] {
  let isInside = false;
  return text.split("\n").flatMap((line, index) => {
    const isFence = /^\s*```/.test(line);
    if (isFence) isInside = !isInside;
    return isFence || isInside ? [] : [{ line, number: index + 1 }];
  });
}

function findLinks(line: string): string[] {
  const plain = line.replace(/`[^`]*`/g, "");
  return [...plain.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
}

function judgeLink(from: string, link: string, targets: LinkTargets): string | undefined {
  if (/^[a-z][a-z+.-]*:/i.test(link)) return undefined;
  const [target = "", heading] = link.split("#", 2);
  const path = target === "" ? from : resolveLink(from, target);
  if (!targets.exists(path)) return `link "${link}" leads to no file`;
  if (heading === undefined) return undefined;
  const known = linesOutsideFences(targets.read(path)).flatMap(({ line }) => headingId(line) ?? []);
  return known.includes(heading) ? undefined : `link "${link}" leads to no heading`;
}

function resolveLink(from: string, target: string): string {
  return posix.normalize(posix.join(posix.dirname(from), target));
}

/** As GitHub makes it: lower case, without punctuation, blanks as dashes. */
function headingId(line: string): string | undefined {
  const title = /^#{1,6} +(.+?) *#*$/.exec(line)?.[1];
  return title
    ?.toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}
