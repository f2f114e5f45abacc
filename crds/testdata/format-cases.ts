/** Tables of texts and what a format reads in them. */
import t from "tap";
import { fitsFormat } from "./constraint-check.ts";
import type { StringFormat } from "../schema.ts";

/** One test for each text: it is accepted and stored as the second, or as it is; a Kubernetes API server takes it too. */
export function testReads(format: StringFormat, rows: readonly (string | readonly [string, string])[]): void {
  for (const row of rows) {
    const [text, stored] = typeof row === "string" ? [row, row] : row;
    t.test(`${format.name} reads ${JSON.stringify(text).slice(0, 50)}`, (t) => {
      t.strictSame(format.read(text), { kind: "valid", value: stored });
      t.ok(fitsFormat(format, text), "the CRD takes it too");
      t.end();
    });
  }
}

/** One test for each text: it is refused with this detail, by default none. */
export function testRefused(format: StringFormat, rows: readonly (string | readonly [string, string])[]): void {
  for (const row of rows) {
    const [text, detail] = typeof row === "string" ? [row, ""] : row;
    t.test(`${format.name} refuses ${JSON.stringify(text).slice(0, 50)}`, (t) => {
      t.strictSame(format.read(text), { kind: "invalid", detail });
      t.end();
    });
  }
}
