/**
 * What the conditions of served objects say that a person must act on, and only when it changed.
 * Invariant: an object that stays as it was is silent.
 */
import type { ServedObject } from "../../gateway/control-api.ts";
import { escapeControls } from "./colour.ts";
import type { Palette } from "./colour.ts";
import { shortenPath } from "./problem-line.ts";

/** Statements by object and condition type, to compare with the next. */
export type Complaints = ReadonlyMap<string, string>;

const statements = new Map([
  ["Accepted", "is not accepted"],
  ["ResolvedRefs", "names something that cannot be used"],
  ["Programmed", "was refused by Envoy"],
  ["Ready", "is not ready"],
  ["TranslationUnsupported", "has untranslatable backends"],
]);

/** The one condition that is bad when it is true. */
const isNegative = (type: string) => type === "TranslationUnsupported";

/** Returns everything that is wrong, as lines without colour; empty when all is well. */
export function findComplaints(
  items: readonly ServedObject[],
  workingDirectory: string,
): Complaints {
  const complaints = new Map<string, string>();
  for (const item of items) {
    for (const { type, status, message } of item.conditions) {
      // Whole gateways audit, with all of their routes: the banner says so once.
      if (type === "Enforcing") continue;
      if (status !== (isNegative(type) ? "True" : "False")) continue;
      const statement = statements.get(type) ?? `has ${type} ${status}`;
      const place = item.source === "" ? "" : `${shortenPath(item.source, workingDirectory)}: `;
      const line = `${place}${nameOf(item)} ${statement}: ${message}`;
      complaints.set(`${nameOf(item)} ${type}`, escapeControls(line));
    }
  }
  return complaints;
}

/** Returns the lines for what is new, and for what was wrong and is right now on an object that is still there. */
export function describeChanges(options: {
  readonly before: Complaints;
  readonly now: Complaints;
  readonly items: readonly ServedObject[];
  readonly palette: Palette;
}): string[] {
  const { before, now, items, palette } = options;
  const present = new Set(items.map(nameOf));
  const worse = [...now]
    .filter(([key, line]) => before.get(key) !== line)
    .map(([, line]) => `${palette.red("✘")} ${line}`);
  const better = [...before.keys()]
    .filter((key) => !now.has(key) && present.has(key.slice(0, key.lastIndexOf(" "))))
    .map((key) => {
      const [name, type] = [
        key.slice(0, key.lastIndexOf(" ")),
        key.slice(key.lastIndexOf(" ") + 1),
      ];
      return `${palette.green("✔")} ${escapeControls(name)}: ${isNegative(type) ? "translatable" : type} again`;
    });
  return [...worse, ...better];
}

function nameOf({ object }: ServedObject): string {
  return `${object.kind} ${object.metadata.namespace}/${object.metadata.name}`;
}
