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
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** YAML without anchors, with a line end. */
export async function toYaml(value: unknown): Promise<string> {
  // Only here: it takes longer to load than everything else of a command.
  const { stringify } = await import("yaml");
  return stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 });
}
