/**
 * What a prompt tells a fake model to do, in double brackets anywhere in its text: `[[fail 429 7]]`, `[[cut]]`,
 * `[[break]]`, `[[calls 2]]`, `[[aloud]]`, `[[sign Robin]]`. The rest of the text is what was said.
 */

/** The stage directions of one request. */
export interface Script {
  /** Text without the directions, trimmed */
  readonly said: string;
  /** Answer with this error; undefined: with none */
  readonly fail: ScriptedFailure | undefined;
  /** End of a stream: break the connection off, or send the provider's own error in its midst */
  readonly ending: "cut" | "break" | undefined;
  /** Calls of tools at once; undefined: the model's own choice */
  readonly calls: number | undefined;
  /** Say something before calling */
  readonly aloud: boolean;
  /** Ends every text: proof that the direction arrived, wherever it stood */
  readonly signature: string | undefined;
}

/** An error on demand. */
export interface ScriptedFailure {
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;
}

const direction = /\[\[(fail|cut|break|calls|aloud|sign)((?: [^\s\]]+)*)\]\]/g;

/** Reads the directions of a text. */
export function parseScript(text: string): Script {
  const found = new Map<string, readonly string[]>();
  for (const [, name = "", words = ""] of text.matchAll(direction)) {
    found.set(name, words.split(" ").slice(1));
  }
  const [status, retryAfter] = found.get("fail") ?? [];
  const [calls] = found.get("calls") ?? [];
  return {
    said: text.replace(direction, "").trim(),
    fail: status === undefined ? undefined : failureOf(status, retryAfter),
    ending: found.has("cut") ? "cut" : found.has("break") ? "break" : undefined,
    calls: calls === undefined ? undefined : Number(calls),
    aloud: found.has("aloud"),
    signature: found.get("sign")?.join(" "),
  };
}

function failureOf(status: string, retryAfter: string | undefined): ScriptedFailure {
  return {
    status: Number(status),
    retryAfterSeconds: retryAfter === undefined ? undefined : Number(retryAfter),
  };
}
