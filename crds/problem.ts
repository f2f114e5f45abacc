/** One mistake in an object, told so that its author can mend it. Holds no secret: see `describeValue`. */

/** Where in an object: field names and list positions from the root. */
export type Path = readonly (string | number)[];

/** One thing that is wrong (or, as a warning, worth a change) in an object. */
export interface Problem {
  /** Field names and list positions from the root of the object as it was written */
  readonly path: Path;
  /** What is there, shortened, with quotes if it is text; absent if nothing is there, or if it may not be shown */
  readonly found?: string;
  /** What should be there; completes the sentence "wanted …" */
  readonly wanted: string;
  /** The whole sentence, path included, such as `spec.rules[0].name: found 7, wanted a string` */
  readonly message: string;
}

/** What `createProblem` needs: `found` absent means that the field is not set. */
export interface ProblemFacts {
  readonly path: Path;
  readonly found?: string;
  readonly wanted: string;
  /** A clause after the sentence: the reason, or a hint */
  readonly detail?: string;
}

/** Longest excerpt of a value in a message, in characters: more does not help to find it. */
const maxExcerptLength = 60;

const identifier = /^[A-Za-z_$][\w$-]*$/;

/** A problem whose message is `<path>: found <found>, wanted <wanted>: <detail>`, or `not set` when nothing was found. */
export function createProblem(facts: ProblemFacts): Problem {
  const { path, found, wanted, detail } = facts;
  const start = found === undefined ? "not set" : `found ${found}`;
  return {
    path,
    ...(found !== undefined && { found }),
    wanted,
    message: `${formatPath(path)}: ${start}, wanted ${wanted}${detail ? `: ${detail}` : ""}`,
  };
}

/** A problem with a message of its own; `text` follows `<path>: `. For what does not fit "found …, wanted …". */
export function createProblemWithText(path: Path, wanted: string, text: string): Problem {
  return { path, wanted, message: `${formatPath(path)}: ${text}` };
}

/** The same problem at another place: used where an old spelling was moved before it was checked. */
export function moveProblem(problem: Problem, path: Path): Problem {
  const text = problem.message.slice(formatPath(problem.path).length);
  return { ...problem, path, message: formatPath(path) + text };
}

/** `spec.rules[0].name`; names that are not identifiers are quoted in brackets; the root is `object`. */
export function formatPath(path: Path): string {
  if (path.length === 0) return "object";
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (!identifier.test(step)) text += `[${quote(step)}]`;
    else text += text === "" ? step : `.${step}`;
  }
  return text;
}

/**
 * What a value is, for `found`: text is quoted and cut at 60 characters, lists and objects are only counted.
 * With `"hide"` the value itself never shows, only its sort.
 */
export function describeValue(value: unknown, values: "show" | "hide"): string {
  if (value === null) return "null";
  if (Array.isArray(value))
    return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value === "string") {
    if (value === "") return "an empty string";
    return values === "hide" ? "a string" : quote(value);
  }
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") {
    return values === "hide" ? `a ${typeof value}` : String(value);
  }
  return typeof value === "object" ? "an object" : `a value of type ${typeof value}`;
}

/** Text in double quotes, control characters escaped, cut at 60 characters. */
export function quote(text: string): string {
  const cut = text.length > maxExcerptLength ? `${text.slice(0, maxExcerptLength)}…` : text;
  // JSON leaves C1 controls and direction marks as they are; a terminal or a reader would act on them.
  return JSON.stringify(cut).replace(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** `"a", "b" or "c"`: a choice as prose. */
export function quoteChoice(words: readonly string[]): string {
  const quoted = words.map((word) => JSON.stringify(word));
  const last = quoted.pop();
  if (last === undefined) return "nothing";
  return quoted.length === 0 ? last : `${quoted.join(", ")} or ${last}`;
}
