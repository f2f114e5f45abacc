/** Objects whole, as a program reads them: JSON or YAML, one by itself or a `v1` List. */

/** The text, with a line end. One object stands by itself where `isOne`. */
export async function formatWhole(
  objects: readonly object[],
  options: { readonly output: "json" | "yaml"; readonly isOne: boolean },
): Promise<string> {
  const [only] = objects;
  const isAlone = options.isOne && objects.length === 1 && only !== undefined;
  const value = isAlone ? only : { apiVersion: "v1", kind: "List", items: objects };
  return options.output === "json" ? toJson(value) : toYaml(value);
}

/** JSON of two blanks' indent, with a line end. */
export function toJson(value: unknown): string {
  return `${escapeHidden(JSON.stringify(value, undefined, 2))}\n`;
}

/** JSON in which what terminals act on, and nobody sees, is written as `\u….`: agents choose parts of it. */
export function escapeHidden(json: string): string {
  return json.replace(/[\x7f-\x9f\p{Cf}\u2028\u2029]/gu, (found) =>
    [...Array(found.length).keys()].map((at) => unit(found.charCodeAt(at))).join(""),
  );
}

function unit(code: number): string {
  return `\\u${code.toString(16).padStart(4, "0")}`;
}

/** YAML without anchors, with a line end. */
export async function toYaml(value: unknown): Promise<string> {
  // Only here: it takes longer to load than everything else of a command.
  const { stringify } = await import("yaml");
  return stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 });
}
