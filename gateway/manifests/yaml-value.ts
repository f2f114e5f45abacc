/**
 * From YAML nodes to plain values. Unlike the library's own conversion it bounds what aliases expand to, finds
 * duplicate keys in linear time, refuses merge keys and aliases that contain themselves, and never throws.
 */
import { isAlias, isMap, isScalar, isSeq } from "yaml";
import type { ParsedNode, YAMLMap } from "yaml";
import type { Path } from "../../crds/problem.ts";

/** Most values in one file, with what aliases stand for; a file of the greatest size without aliases has fewer. */
export const maxValues = 1_000_000;

/** Deepest nesting; no kind comes near it. */
export const maxDepth = 64;

/** One mistake in a YAML text. */
export interface YamlProblem {
  /** Offset in the text, in UTF-16 units */
  readonly offset: number;
  /** Field of the document; empty when not known */
  readonly path: Path;
  /** What is wrong, without place */
  readonly message: string;
}

/** How many values may still be read; shared by the documents of a file. */
export interface ValueBudget {
  left: number;
}

interface Anchored {
  /** False while the anchored value itself is being read */
  readonly complete: boolean;
  readonly value: unknown;
  readonly size: number;
}

interface Run {
  readonly budget: ValueBudget;
  readonly anchors: Map<string, Anchored>;
  readonly path: (string | number)[];
  readonly problems: YamlProblem[];
}

/** The value of a node, objects without prototype; when there are problems the value is of no use. */
export function readYamlValue(
  node: ParsedNode | null,
  budget: ValueBudget,
): { readonly value: unknown; readonly problems: readonly YamlProblem[] } {
  const run: Run = { budget, anchors: new Map(), path: [], problems: [] };
  return { value: readNode(run, node), problems: run.problems };
}

function readNode(run: Run, node: unknown): unknown {
  if (run.budget.left <= 0) return undefined;
  run.budget.left--;
  if (run.budget.left === 0) return refuse(run, node, `more than ${maxValues} values in the file`);
  if (run.path.length > maxDepth) {
    return refuse(run, node, `nested more than ${maxDepth} levels deep`);
  }
  if (isAlias(node)) return readAlias(run, node);
  if (isScalar(node)) return keep(run, node.anchor, () => node.value);
  if (isMap(node)) return keep(run, node.anchor, () => readMap(run, node));
  if (isSeq(node)) {
    return keep(run, node.anchor, () => node.items.map((item, index) => readAt(run, index, item)));
  }
  return null;
}

function readAt(run: Run, step: string | number, node: unknown): unknown {
  run.path.push(step);
  const value = readNode(run, node);
  run.path.pop();
  return value;
}

function readMap(run: Run, map: YAMLMap): unknown {
  const value: Record<string, unknown> = Object.create(null);
  for (const { key, value: child } of map.items) {
    const name = isScalar(key) ? String(key.value) : "";
    if (name === "<<") {
      run.path.push(name);
      refuse(run, key, 'merge keys ("<<") are not read, wanted the fields written out');
      run.path.pop();
    } else if (Object.hasOwn(value, name)) {
      run.path.push(name);
      refuse(run, key, "the field is there twice, wanted each field once");
      run.path.pop();
    } else {
      value[name] = readAt(run, name, child);
    }
  }
  return value;
}

function keep(run: Run, anchor: string | undefined, read: () => unknown): unknown {
  if (anchor === undefined) return read();
  run.anchors.set(anchor, { complete: false, value: undefined, size: 0 });
  const before = run.budget.left;
  const value = read();
  run.anchors.set(anchor, { complete: true, value, size: before - run.budget.left });
  return value;
}

// The value is shared, not copied, but its size counts again: whoever walks over the result walks over it again.
function readAlias(
  run: Run,
  alias: { readonly source: string; readonly range?: unknown },
): unknown {
  const anchored = run.anchors.get(alias.source);
  if (anchored === undefined) {
    const hint = 'wanted an anchor ("&") above it, or quotes if it is text';
    return refuse(run, alias, `an alias ("*") that names no anchor, ${hint}`);
  }
  if (!anchored.complete)
    return refuse(run, alias, 'an alias ("*") inside the value that it names');
  if (anchored.size >= run.budget.left) {
    run.budget.left = 0;
    return refuse(run, alias, `aliases ("*") that expand to more than ${maxValues} values`);
  }
  run.budget.left -= anchored.size;
  return anchored.value;
}

function refuse(run: Run, node: unknown, message: string): undefined {
  run.problems.push({ offset: startOf(node) ?? 0, path: [...run.path], message });
}

/** Offset at which a node begins; undefined for what is not written, such as a value left out. */
export function startOf(node: unknown): number | undefined {
  if (typeof node !== "object" || node === null || !("range" in node)) return undefined;
  const { range } = node;
  const start: unknown = Array.isArray(range) ? range[0] : undefined;
  return typeof start === "number" ? start : undefined;
}
