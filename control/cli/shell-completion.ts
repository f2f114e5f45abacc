/**
 * The few lines in a shell's start file that ask `clrk` for completions.
 * Invariant: everything outside our two markers stays byte for byte.
 */
import { basename } from "node:path";

/** One of the shells that scripts are written for here. */
export type CompletionShell = "bash" | "zsh";

const start = "# clrk completion start";
const end = "# clrk completion end";

// The words are handed over as they are, not as one string: a word with blanks stays one.
const scripts = {
  bash: `_clrk() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(clrk __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _clrk clrk`,
  zsh: `_clrk() {
  local -a found
  found=("\${(@f)$(clrk __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${found[1]}" ]]; then compadd -a found; else _files; fi
}
if (( $+functions[compdef] )); then compdef _clrk clrk; fi`,
} as const;

/** Returns the shell for a path such as `/bin/zsh`, or undefined for one that we have no completion for. */
export function findShell(path: string): CompletionShell | undefined {
  const name = basename(path);
  return name === "bash" || name === "zsh" ? name : undefined;
}

/** Returns the start file's text with the block for the shell, once, at the end or where an older one was. */
export function withCompletion(text: string, shell: CompletionShell): string {
  const block = `${start}\n${scripts[shell]}\n${end}\n`;
  const found = findBlock(text);
  if (found !== undefined) return text.slice(0, found.from) + block + text.slice(found.to);
  const gap = text === "" || text.endsWith("\n") ? "" : "\n";
  return `${text}${gap}${block}`;
}

/** Returns the text without our block; text without one as it is. */
export function withoutCompletion(text: string): string {
  const found = findBlock(text);
  return found === undefined ? text : text.slice(0, found.from) + text.slice(found.to);
}

function findBlock(text: string): { readonly from: number; readonly to: number } | undefined {
  const found = new RegExp(`^${start}$[\\s\\S]*?^${end}$\\n?`, "m").exec(text);
  return found === null ? undefined : { from: found.index, to: found.index + found[0].length };
}
