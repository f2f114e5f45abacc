/** The kinds that can be asked for, with how many objects of each there are. */
import { escapeControls } from "./colour.ts";
import { formatTable } from "./table.ts";
import { toJson, toYaml } from "./whole-objects.ts";

/** One kind. */
export interface KindRow {
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly apiVersion: string;
  /** Undefined where it may not be known */
  readonly objects: number | undefined;
  /** There are more */
  readonly isAtLeast?: boolean;
}

/** A table for people, `{kinds}` as JSON or YAML, or the plurals for `name`. */
export async function formatKindRows(
  rows: readonly KindRow[],
  output: "json" | "name" | "wide" | "yaml" | undefined,
): Promise<string> {
  if (output === "json") return toJson({ kinds: rows });
  if (output === "yaml") return toYaml({ kinds: rows });
  if (output === "name") return rows.map(({ plural }) => `${escapeControls(plural)}\n`).join("");
  const isWide = output === "wide";
  return formatTable({
    headings: ["KIND", "SHORT", "OBJECTS", ...(isWide ? ["API VERSION"] : [])],
    rows: rows.map(({ plural, shortNames, objects, isAtLeast, apiVersion }) => [
      plural,
      shortNames.join(","),
      objects === undefined ? "not allowed" : `${objects}${isAtLeast === true ? "+" : ""}`,
      apiVersion,
    ]),
  });
}
