/** How the views are written: as a table, or whole for programs; once, or as often as something changes. */
import { setTimeout as wait } from "node:timers/promises";
import { ApiError } from "./api-error.ts";
import type { ApiFlags } from "./api-target.ts";
import type { CliContext } from "./cli-context.ts";
import { escapeControls } from "./colour.ts";
import { openObjects } from "./object-source.ts";
import type { ObjectServer, ServingGateways } from "./object-source.ts";
import { columnWidths, formatTable } from "./table.ts";
import type { Table } from "./table.ts";
import { toJson, toJsonLine, toYaml } from "./whole-objects.ts";

/** Options of every view. */
export interface ViewFlags extends ApiFlags {
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
  readonly output?: "json" | "name" | "wide" | "yaml";
  readonly selector?: string;
  readonly watch?: boolean;
}

/** One line of a view. */
export interface ViewRow {
  readonly namespace: string;
  /** As other commands take it: `process/writer` */
  readonly word: string;
  readonly cells: readonly string[];
  /** Cells of `-o wide`, behind the others */
  readonly wide: readonly string[];
  readonly json: object;
}

/** What a view found. */
export interface ViewRows {
  readonly rows: readonly ViewRow[];
  /** Told on standard error: what is left out; empty where nothing is */
  readonly note: string;
}

/** A view: what it is called, and where its lines come from. */
export interface View {
  /** Member of the JSON, and what is said when there are none */
  readonly name: string;
  readonly headings: readonly string[];
  readonly wideHeadings: readonly string[];
  /** Whether options leave some out */
  readonly isNarrowed: boolean;
  readonly load: (source: ObjectServer | ServingGateways) => Promise<ViewRows>;
  /** Time between two looks with `-w`, in `ms`; 2000 when absent */
  readonly lookMs?: number;
}

/** Time between two looks with `-w`: what is shown are sums, of which there are no events. */
const defaultLookMs = 2_000;

/** Shows the view as the options want it. Throws a `CliError` where nobody can be asked. */
export async function showView(context: CliContext, flags: ViewFlags, view: View): Promise<void> {
  const { stdout, stderr } = context.process;
  const source = await openObjects(context, flags);
  const { rows, note } = await view.load(source);
  if (note !== "") stderr.write(`${note}\n`);
  if (flags.watch === true) {
    await follow(context, flags, { view, source, rows });
    return;
  }
  const { output } = flags;
  if (output === "json" || output === "yaml") {
    const whole = { [view.name]: rows.map(({ json }) => json) };
    stdout.write(output === "json" ? toJson(whole) : await toYaml(whole));
    return;
  }
  if (rows.length > 0) {
    stdout.write(await new RowFormatter(view, flags).format(rows));
    return;
  }
  const fitting = view.isNarrowed ? " that fit" : "";
  const place = flags.allNamespaces === true ? "" : " here; look everywhere: -A";
  stderr.write(`No ${view.name}${fitting}${place}\n`);
}

/** Rows below headings, or one after the other as programs read them; later rows stand below the first ones. */
class RowFormatter {
  readonly #view: View;
  readonly #flags: ViewFlags;
  #widths: readonly number[] | undefined;

  constructor(view: View, flags: ViewFlags) {
    this.#view = view;
    this.#flags = flags;
  }

  async format(rows: readonly ViewRow[]): Promise<string> {
    const { output } = this.#flags;
    if (output === "name") return rows.map(({ word }) => `${escapeControls(word)}\n`).join("");
    if (output === "json") return rows.map(({ json }) => toJsonLine(json)).join("");
    if (output === "yaml") {
      const texts = await Promise.all(rows.map(({ json }) => toYaml(json)));
      return texts.map((text) => `---\n${text}`).join("");
    }
    const table = this.#tableOf(rows);
    const above = this.#widths;
    this.#widths = columnWidths(table, above);
    return formatTable(table, { hasHeadings: above === undefined, leastWidths: this.#widths });
  }

  #tableOf(rows: readonly ViewRow[]): Table {
    const { output, allNamespaces = false } = this.#flags;
    const isWide = output === "wide";
    const lead = (text: string) => (allNamespaces ? [text] : []);
    const { headings, wideHeadings } = this.#view;
    return {
      headings: [...lead("NAMESPACE"), ...headings, ...(isWide ? wideHeadings : [])],
      rows: rows.map(({ namespace, cells, wide }) => [
        ...lead(namespace),
        ...cells,
        ...(isWide ? wide : []),
      ]),
    };
  }
}

interface Following {
  readonly view: View;
  readonly source: ObjectServer | ServingGateways;
  readonly rows: readonly ViewRow[];
}

/** Looks again and again, and prints what differs; a server that is away is told once. */
async function follow(context: CliContext, flags: ViewFlags, start: Following): Promise<void> {
  const { view, source } = start;
  const { stdout, stderr } = context.process;
  const controller = new AbortController();
  const { signal } = controller;
  const release = context.onInterrupt(() => controller.abort());
  let known = new Map<string, string>();
  let { rows } = start;
  const formatter = new RowFormatter(view, flags);
  let isLost = false;
  while (!signal.aborted) {
    const now = new Map(
      rows.map((row) => [`${row.namespace} ${row.word}`, JSON.stringify(row.json)]),
    );
    const changed = rows.filter((row) => {
      const key = `${row.namespace} ${row.word}`;
      return known.get(key) !== now.get(key);
    });
    known = now;
    if (changed.length > 0) stdout.write(await formatter.format(changed));
    await wait(view.lookMs ?? defaultLookMs, undefined, { signal }).catch(() => {}); // ended
    if (signal.aborted) break;
    try {
      ({ rows } = await view.load(source));
      isLost = false;
    } catch (error) {
      if (!(error instanceof ApiError) || error.failure !== "unreachable") throw error;
      if (!isLost) stderr.write(`${error.message.split("\n")[0]}; waiting for it\n`);
      isLost = true;
    }
  }
  release();
}
