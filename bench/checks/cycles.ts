/**
 * Import cycles between the files of the repository, found over value and type imports alike.
 * A cycle means that none of its files can be understood, tested or moved alone.
 */
import { posix } from "node:path";
import { findImports } from "./imports.ts";
import type { SourceFile } from "./source-file.ts";

/** One line per cycle, `a.ts → b.ts → a.ts`, each cycle once and starting at its first file by name. */
export function checkCycles(files: readonly SourceFile[]): string[] {
  const graph = new Map(files.map((file) => [file.path, targets(file)]));
  const finished = new Set<string>();
  const cycles = new Set<string>();
  for (const path of graph.keys()) visit(path, { graph, finished, cycles, trail: [] });
  return [...cycles].sort();
}

interface Walk {
  readonly graph: ReadonlyMap<string, readonly string[]>;
  readonly finished: Set<string>;
  readonly cycles: Set<string>;
  readonly trail: string[];
}

function visit(path: string, walk: Walk): void {
  const start = walk.trail.indexOf(path);
  if (start !== -1) {
    walk.cycles.add(describe(walk.trail.slice(start)));
    return;
  }
  if (walk.finished.has(path)) return;
  walk.trail.push(path);
  for (const target of walk.graph.get(path) ?? []) visit(target, walk);
  walk.trail.pop();
  walk.finished.add(path);
}

function describe(cycle: readonly string[]): string {
  const first = cycle.indexOf([...cycle].sort()[0] ?? "");
  const rotated = [...cycle.slice(first), ...cycle.slice(0, first + 1)];
  return rotated.join(" → ");
}

function targets(file: SourceFile): string[] {
  return findImports(file)
    .filter(({ specifier }) => specifier.startsWith("."))
    .map(({ specifier }) => posix.join(posix.dirname(file.path), specifier));
}
