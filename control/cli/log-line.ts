/**
 * Lines of the gateway process's log as people read them.
 * Invariant: whatever was logged becomes one line without control characters; what is no log line is shown as it is.
 */
import { escapeControls } from "./colour.ts";
import type { Palette } from "./colour.ts";

/** Fields that say what a reader of one terminal knows already. */
const hiddenFields: ReadonlySet<string> = new Set(["time", "level", "message"]);

/** Envoy repeats whole configurations when it complains. */
const longestText = 400;

/** Returns the line to show for a line of JSON log: `Warning: message (field=value)`; the text itself for others. */
export function formatLogLine(line: string, palette: Palette): string {
  const entry = tryParse(line);
  if (entry === undefined) return palette.dim(escapeControls(line));
  const { level, message } = entry;
  const fields = Object.entries(entry)
    .filter(([name]) => !hiddenFields.has(name))
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  const tail = fields.length === 0 ? "" : ` (${fields.join(", ")})`;
  const text = shorten(`${String(message)}${tail}`);
  if (level === "error") return `${palette.red("Error:")} ${text}`;
  if (level === "warn") return `${palette.yellow("Warning:")} ${text}`;
  return palette.dim(text);
}

/** Returns the text as one line of at most `maxCharacters`, its middle left out: reasons stand at either end. */
export function shorten(text: string, maxCharacters: number = longestText): string {
  const line = escapeControls(text.replace(/\s+/g, " ").trim());
  if (line.length <= maxCharacters) return line;
  const kept = maxCharacters - 3;
  const head = Math.ceil((kept * 2) / 3);
  return `${line.slice(0, head)} … ${line.slice(head - kept)}`;
}

function tryParse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== "object" || value === null || !("message" in value)) return undefined;
    return Object.assign(Object.create(null), value);
  } catch {
    return undefined; // a stack trace of Node, or a line of a library
  }
}
