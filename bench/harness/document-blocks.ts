/**
 * Commands that documents show: each fenced `sh` block with what its mark says about running it. The mark is an HTML
 * comment before the block: `test: run`, `test: run until TEXT` (again and again, until it says so), `test: serve` (keeps
 * running for what follows), `test: follow` (until it says something, then Ctrl-C), or `test: skip REASON`.
 */

/** One block. */
export interface CommandBlock {
  /** Line of the fence, counted from 1 */
  readonly line: number;
  /** Without the fences */
  readonly code: string;
  /** Undefined when there is no mark, or none that is understood */
  readonly mark: BlockMark | undefined;
}

/** What is to be done with a block. */
export type BlockMark =
  | { readonly kind: "serve" | "follow" }
  | { readonly kind: "run"; readonly until?: string }
  | { readonly kind: "skip"; readonly reason: string };

const comment = /^<!-- test: (?:(run|serve|follow)|run until (\S.*)|skip (\S.*)) -->$/;

/** Every `sh` block of a Markdown text, in order; other languages are none. */
export function readCommandBlocks(text: string): CommandBlock[] {
  const lines = text.split("\n");
  const blocks: CommandBlock[] = [];
  let before = "";
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? "";
    const language = /^```(\w*)/.exec(line)?.[1];
    if (language !== undefined) {
      const end = lines.indexOf("```", index + 1);
      const code = lines.slice(index + 1, end).join("\n");
      if (language === "sh") blocks.push({ line: index + 1, code, mark: readMark(before) });
      index = end === -1 ? lines.length : end;
    }
    if (line.trim() !== "") before = line;
  }
  return blocks;
}

/** The text of every block of a language, in order. */
export function readCodeBlocks(text: string, language: string): string[] {
  const fence = new RegExp(`^\`\`\`${language}\\n(.*?)\\n\`\`\`$`, "gms");
  return [...text.matchAll(fence)].map(([, code = ""]) => code);
}

function readMark(line: string): BlockMark | undefined {
  const fits = comment.exec(line);
  if (fits === null) return undefined;
  const [, kind, until, reason] = fits;
  if (reason !== undefined) return { kind: "skip", reason };
  if (until !== undefined) return { kind: "run", until };
  return kind === "run" || kind === "serve" || kind === "follow" ? { kind } : undefined;
}
