/**
 * Tells a person at `clrk dev` what the gateway does: each event in, lines out. Does no I/O.
 * Invariant: nothing is said twice; a line answers a question that its reader has at that moment.
 */
import type {
  ControlEvent,
  GatewayProcessStatus,
  GatewayStatus,
  ServedObject,
  SourceProblem,
} from "../../gateway/control-api.ts";
import { formatTierCounts } from "../../gateway/route-tier.ts";
import { auditBanners } from "./audit-banner.ts";
import { describeAge } from "./age.ts";
import { escapeControls } from "./colour.ts";
import type { Palette } from "./colour.ts";
import { describeChanges, findComplaints } from "./condition-lines.ts";
import type { Complaints } from "./condition-lines.ts";
import { askLines, endLine } from "./confirmation-lines.ts";
import { shorten } from "./log-line.ts";
import { formatProblem, shortenPath } from "./problem-line.ts";
import { formatDuration, formatRunLine } from "./run-line.ts";
import { displayWidth } from "./table.ts";
import { keyOf } from "./running-gateways.ts";

/** Changes of one revision that are listed; the rest is a number. */
const listedChanges = 8;

/** For whom the lines are. */
export interface DevNarratorOptions {
  readonly palette: Palette;
  readonly columns: number;
  readonly workingDirectory: string;
  /** Unix time in `ms` */
  readonly now: () => number;
  /** Whether problems stand on a screen as long as they are there; absent: never */
  readonly showsProblems?: () => boolean;
}

/** The state of one session of `clrk dev`. */
export class DevNarrator {
  readonly #options: DevNarratorOptions;
  readonly #gateways = new Map<string, string>();
  /** Banners of gateways that stayed as they were since the last revision */
  readonly #audits = new Map<string, readonly string[]>();
  #complaints: Complaints = new Map();
  #problems = "";
  #revision = 0;
  #revisionAtMs: number;
  #hasHint = false;

  #hasGateways = false;

  constructor(options: DevNarratorOptions) {
    this.#options = options;
    this.#revisionAtMs = options.now();
  }

  /**
   * Lines about the state as a whole. Until it is `settled`, gateways that are not ready yet are not worth a line:
   * they are just starting.
   */
  status(status: GatewayProcessStatus, options: { readonly settled: boolean }): string[] {
    if (this.#revision === 0) this.#revision = status.revision;
    const gateways = status.gateways.flatMap((gateway) =>
      gateway.ready || options.settled ? this.#gateway(gateway) : [],
    );
    // Before there is a revision nothing is known, and processes come after the objects that they are for.
    const isEmpty = status.revision > 0 && status.gateways.length === 0 && !this.#hasGateways;
    if (options.settled && isEmpty && status.problems.length === 0 && !this.#gateways.has("")) {
      this.#gateways.set("", "");
      const places = status.directories.join(", ");
      gateways.push(`Nothing is served: no EgressGateway in ${escapeControls(places)}, add one`);
    }
    return [...gateways, ...this.#problemLines(status.problems)];
  }

  /** Lines about an event. */
  event(event: ControlEvent): string[] {
    const { palette, columns } = this.#options;
    switch (event.kind) {
      case "revision":
        return this.#newRevision(event.revision, event.inMs, event.changes);
      case "problems":
        return this.#problemLines(event.problems);
      case "warning": {
        const { object } = event;
        const name =
          object === undefined ? "" : `${object.kind} ${object.namespace}/${object.name}: `;
        return [`${palette.yellow("Warning:")} ${shorten(name + event.message)}`];
      }
      case "gateway": {
        const isNews = event.gateway.ready || this.#gateways.has(keyOf(event.gateway));
        return isNews ? this.#gateway(event.gateway) : [];
      }
      case "record":
        return [formatRunLine(event.record, { palette, columns })];
      case "confirmation":
        return askLines(event.question, palette);
      case "confirmation-ended":
        return [endLine(event.id, event.ended)];
      case "stopping":
        return [];
    }
  }

  /** Lines about conditions that became bad or good since the last time. */
  objects(items: readonly ServedObject[]): string[] {
    const { palette, workingDirectory } = this.#options;
    this.#hasGateways = items.some(({ object }) => object.kind === "EgressGateway");
    const now = findComplaints(items, workingDirectory);
    const lines = describeChanges({ before: this.#complaints, now, items, palette });
    this.#complaints = now;
    return lines;
  }

  #newRevision(revision: number, inMs: number, changes: readonly string[]): string[] {
    const { palette, columns, now } = this.#options;
    this.#revision = revision;
    this.#revisionAtMs = now();
    this.#problems = "";
    const head = `Revision ${revision} live in ${formatDuration(inMs)}`;
    const texts = changes.map(escapeControls);
    const all = texts.join(", ");
    const bold = palette.bold(head);
    const banners = [...this.#audits.values()].flat();
    this.#audits.clear();
    if (texts.length === 0) return [bold, ...banners];
    if (displayWidth(`${head}: ${all}`) <= columns || texts.length === 1)
      return [`${bold}: ${all}`, ...banners];
    const rest = texts.length - listedChanges;
    return [
      `${bold}: ${texts.length} changes`,
      ...texts.slice(0, listedChanges).map((text) => `  ${text}`),
      ...(rest > 0 ? [`  … and ${rest} more`] : []),
      ...banners,
    ];
  }

  #problemLines(problems: readonly SourceProblem[]): string[] {
    const { palette, workingDirectory, now } = this.#options;
    if (problems.length === 0) return this.#mended();
    const text = JSON.stringify(problems);
    if (text === this.#problems) return [];
    this.#problems = text;
    // It takes them away when they are mended, and a line would stay.
    if (this.#options.showsProblems?.() === true) return [];
    const age = describeAge(now() - this.#revisionAtMs);
    const still =
      this.#revision === 0
        ? "Nothing is served yet: correct the files, they are read again when they are saved."
        : `Still serving revision ${this.#revision} (${age} old).`;
    return [
      ...problems.map((problem) => palette.red(formatProblem(problem, workingDirectory))),
      still,
    ];
  }

  /** Without a new revision nothing else would say that a mistake is gone. */
  #mended(): string[] {
    if (this.#problems === "") return [];
    this.#problems = "";
    if (this.#revision === 0) return [];
    const { palette } = this.#options;
    return [`${palette.green("✔")} Mended: revision ${this.#revision} is what the files say`];
  }

  #gateway(gateway: GatewayStatus): string[] {
    const { palette } = this.#options;
    const key = keyOf(gateway);
    const banners = auditBanners([gateway], palette);
    const line = [describeGateway(gateway, palette), ...banners].join("\n");
    if (this.#gateways.get(key) === line) {
      this.#audits.set(key, banners);
      return [];
    }
    this.#gateways.set(key, line);
    if (this.#hasHint || !gateway.ready || gateway.explicitProxy === undefined) return [line];
    this.#hasHint = true;
    return [line, `Use it         ${palette.bold("clrk run -- python my_agent.py")}`];
  }
}

function describeGateway(gateway: GatewayStatus, palette: Palette): string {
  const { explicitProxy, transparent, routes, ready, reason, rejection } = gateway;
  const facts = [
    escapeControls(keyOf(gateway)),
    ...(explicitProxy ? [`proxy ${formatEndpoint(explicitProxy)}`] : []),
    ...(transparent ? [`transparent ${formatEndpoint(transparent)}`] : []),
    escapeControls(gateway.defaultPolicy),
    describeRoutes(routes),
  ];
  const state = ready ? "" : `\n${palette.red("Not ready")}      ${escapeControls(reason)}`;
  const why = rejection === "" || ready ? "" : `: ${shorten(rejection)}`;
  return `Gateway        ${facts.join(" · ")}${state}${why}`;
}

function describeRoutes(routes: GatewayStatus["routes"]): string {
  const all = routes.native + routes.engine + routes.refused;
  const noun = all === 1 ? "route" : "routes";
  return all === routes.native ? `${all} ${noun}` : `${all} ${noun}: ${formatTierCounts(routes)}`;
}

/** Returns `address:port`, with brackets round an IPv6 address. */
export function formatEndpoint(endpoint: {
  readonly address: string;
  readonly port: number;
}): string {
  const { address, port } = endpoint;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Returns the line that says where records go. */
export function describeRecordsFile(
  status: GatewayProcessStatus,
  workingDirectory: string,
): string {
  return `Records        ${escapeControls(shortenPath(status.records.file, workingDirectory))}`;
}
