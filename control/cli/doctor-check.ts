/** One finding of `clrk doctor`: what was looked at, how it is, and what to do. */
import { escapeControls } from "./colour.ts";
import type { Palette } from "./colour.ts";
import { wrapToWidth } from "./table.ts";

/** The result of one check; its JSON form is documented in the command's help. */
export interface DoctorCheck {
  /** Stable word, such as `envoy` */
  readonly name: string;
  /** `failed`: nothing works before it is put right; `warning`: something does not, or soon will not */
  readonly result: "ok" | "warning" | "failed";
  /** One sentence, or several lines */
  readonly message: string;
  /** What to do; absent where there is nothing to do */
  readonly next?: string;
}

/** Returns a check that found nothing wrong. */
export function passed(name: string, message: string): DoctorCheck {
  return { name, result: "ok", message };
}

/** Returns a check that found something to look at, with the next step. */
export function warned(name: string, message: string, next: string): DoctorCheck {
  return { name, result: "warning", message, next };
}

/** Returns a check that found what must be put right first, with the next step. */
export function failed(name: string, message: string, next: string): DoctorCheck {
  return { name, result: "failed", message, next };
}

/** Returns the lines for a check: mark, name and message, and below it what to do, broken to so many columns. */
export function formatCheck(check: DoctorCheck, palette: Palette, columns = Infinity): string {
  const marks = { ok: palette.green("✔"), warning: palette.yellow("!"), failed: palette.red("✘") };
  const indent = " ".repeat(14);
  const width = { columns: columns - indent.length, indent: 0 };
  const message = check.message.split("\n");
  const next = check.next?.split("\n") ?? [];
  const lines = [
    ...message.flatMap((line) => wrapToWidth(escapeControls(line), width)),
    ...next.flatMap((line, index) =>
      wrapToWidth(`${index === 0 ? "→ " : ""}${escapeControls(line)}`, { ...width, indent: 2 }),
    ),
  ];
  return `${marks[check.result]} ${check.name.padEnd(11)} ${lines.join(`\n${indent}`)}\n`;
}
