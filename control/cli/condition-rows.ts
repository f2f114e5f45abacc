/** Conditions of a status, wherever its kind has them: of the object, of each parent of a route, of each target. */
import { mapOf, mapsOf, textOf } from "./json-parts.ts";
import type { JsonMap } from "./json-parts.ts";

/** One condition. */
export interface ConditionRow {
  /** `KIND/NAME` of the parent or target that it is about, empty for the object itself */
  readonly of: string;
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  /** RFC 3339; empty where it is not known */
  readonly since: string;
}

/** All conditions of a status, in its order. */
export function conditionRows(status: JsonMap): readonly ConditionRow[] {
  const own = mapsOf(status["conditions"]).map((one) => readRow("", one));
  const entries = [
    ...mapsOf(status["parents"]).map((entry) => ({ entry, reference: entry["parentRef"] })),
    ...mapsOf(status["ancestors"]).map((entry) => ({ entry, reference: entry["ancestorRef"] })),
  ];
  const others = entries.flatMap(({ entry, reference }) => {
    const { kind, name, sectionName } = mapOf(reference);
    const section = textOf(sectionName) === "" ? "" : `#${textOf(sectionName)}`;
    const of = `${textOf(kind)}/${textOf(name)}${section}`;
    return mapsOf(entry["conditions"]).map((one) => readRow(of, one));
  });
  return [...own, ...others];
}

function readRow(of: string, condition: JsonMap): ConditionRow {
  return {
    of,
    type: textOf(condition["type"]),
    status: textOf(condition["status"]),
    reason: textOf(condition["reason"]),
    message: textOf(condition["message"]),
    since: textOf(condition["lastTransitionTime"]),
  };
}
