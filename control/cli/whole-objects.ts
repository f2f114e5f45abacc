/**
 * What programs read, as text: JSON or YAML. Invariant: all that commands write in these forms comes from here, because agents
 * choose parts of it, and terminals act on what nobody sees; it is written as escapes, which programs read as what it was.
 */

/** The text, with a line end. One object stands by itself where `isOne`. */
export async function formatWhole(
  objects: readonly object[],
  options: { readonly output: "json" | "yaml"; readonly isOne: boolean },
): Promise<string> {
  const [only] = objects;
  const isAlone = options.isOne && objects.length === 1 && only !== undefined;
  const value = isAlone ? only : { apiVersion: "v1", kind: "List", items: objects };
  return formatValue(value, options.output);
}

/** A value in the form that was asked for, with a line end. */
export async function formatValue(value: unknown, output: "json" | "yaml"): Promise<string> {
  return output === "json" ? toJson(value) : toYaml(value);
}

/** JSON of two blanks' indent, with a line end. */
export function toJson(value: unknown): string {
  return `${escapeHidden(JSON.stringify(value, undefined, 2))}\n`;
}

/** JSON on one line, with a line end. */
export function toJsonLine(value: unknown): string {
  return `${escapeHidden(JSON.stringify(value))}\n`;
}

/**
 * What JSON leaves as it is and terminals act on or nobody sees: C1, formats (bidi, zero width), line separators, and what
 * shows nothing by itself (DI) but for what emoji end with.
 */
const hiddenInJson = /(?![\ufe0e\ufe0f])[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}\p{DI}]/gu;

/** The same in YAML, which may also leave other controls and halves of pairs. */
const hiddenInYaml = /(?![\t\n]|\ufe0e|\ufe0f)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{DI}]/u;

function escapeHidden(json: string): string {
  return json.replace(hiddenInJson, (found) =>
    [...Array(found.length).keys()].map((at) => unit(found.charCodeAt(at))).join(""),
  );
}

function unit(code: number): string {
  return `\\u${code.toString(16).padStart(4, "0")}`;
}

/** YAML without anchors, with a line end. */
export async function toYaml(value: unknown): Promise<string> {
  // Only here: it takes longer to load than everything else of a command.
  const { Document, Scalar, visit } = await import("yaml");
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_key, node) {
      const isHiding = typeof node.value === "string" && hiddenInYaml.test(node.value);
      // Between double quotes alone there are escapes.
      if (isHiding) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return document
    .toString({ lineWidth: 0 })
    .replace(hiddenInJson, (found) => yamlEscape(found.codePointAt(0) ?? 0));
}

/** YAML 1.2 section 5.7: a pair of surrogates is one character there. */
function yamlEscape(point: number): string {
  return point > 0xffff ? `\\U${point.toString(16).padStart(8, "0")}` : unit(point);
}
