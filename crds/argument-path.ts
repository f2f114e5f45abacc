/** Paths to arguments of tools: keys with points between them, such as `repo.owner`, `labels[*]` or `["a.b"]`. */
import { expectValid, invalid, valid } from "./reading.ts";
import type { Reading } from "./reading.ts";
import type { StringFormat } from "./schema.ts";

/** One step: into the member of that key, or, where it is null, into every element of a list. */
export type ArgumentStep = string | null;

/** Most steps of a path; arguments of tools are nested two or three levels deep. */
export const maxArgumentSteps = 16;

/** A key that needs no quotes, after a point unless it is the first; a quoted one; every element. */
const step = /(\.?)([^\s.[\]"'$*?]+)|\[("(?:[^"\\]|\\.)*")\]|(\[\*\])/y;

const key = "[^\\s.\\[\\]\"'$*?]+";

const quotedKey = '\\["(?:[^"\\\\]|\\\\.)*"\\]';

/** The steps of a path, which may begin with `$`. */
export function readArgumentPath(text: string): Reading<readonly ArgumentStep[]> {
  const steps: ArgumentStep[] = [];
  const start = text.startsWith("$") ? 1 : 0;
  for (let at = start; at < text.length || steps.length === 0; at = step.lastIndex) {
    step.lastIndex = at;
    const [, point, name, quoted, every] = step.exec(text) ?? [];
    const isFirst = at === 0;
    if (name !== undefined && (point === "") === isFirst) steps.push(name);
    else if (quoted !== undefined) {
      const key = readQuoted(quoted);
      if (key === undefined) return invalid(`no JSON text at position ${at + 1}`);
      steps.push(key);
    } else if (every !== undefined && steps.length > 0) steps.push(null);
    else return invalid(`no key at position ${at}`);
    if (steps.length > maxArgumentSteps) return invalid(`more than ${maxArgumentSteps} steps`);
  }
  return valid(steps);
}

/** The steps of a path that was validated before; throws a RangeError on anything else. */
export function parseArgumentPath(text: string): readonly ArgumentStep[] {
  return expectValid(readArgumentPath(text), "argument path", text);
}

/** A path to an argument; kept as it is written. */
export const argumentPathFormat: StringFormat = {
  name: "argument-path",
  wanted: 'a path such as "repo.owner", "labels[*]" or "[\\"a.b\\"]"',
  pattern: `^(?:${key}|${quotedKey}|\\$(?:\\.${key}|${quotedKey}))(?:\\.${key}|${quotedKey}|\\[\\*\\]){0,${maxArgumentSteps - 1}}$`,
  read(text) {
    const reading = readArgumentPath(text);
    return reading.kind === "valid" ? valid(text) : reading;
  },
};

function readQuoted(text: string): string | undefined {
  try {
    return String(JSON.parse(text));
  } catch {
    // A backslash that escapes nothing.
    return undefined;
  }
}
