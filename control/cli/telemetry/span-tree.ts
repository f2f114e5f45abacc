/**
 * The spans of one trace as a tree: parents before children, by their start. Invariant: every span is in it once,
 * whatever their parents say; parents that are not there make roots, and circles are broken at their earliest span.
 */
import type { Span } from "./span.ts";

/** A span at its place. */
export interface TreeRow {
  readonly span: Span;
  /** Lines to its parent: `├─`, `│ └─`; empty for a root */
  readonly guides: string;
}

/** Deeper spans stand in the same column: no terminal is wide enough for a chain of thousands. */
const deepestGuides = 12;

/** The rows from top to bottom. */
export function layTree(spans: readonly Span[]): TreeRow[] {
  const sorted = [...spans].sort(byStart);
  const byId = new Map(sorted.map((span) => [span.spanId, span]));
  const children = new Map<Span, Span[]>();
  const roots: Span[] = [];
  for (const span of sorted) {
    const parent = span.parentSpanId === "" ? undefined : byId.get(span.parentSpanId);
    if (parent === undefined || parent === span) {
      roots.push(span);
      continue;
    }
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [span]);
    else siblings.push(span);
  }
  const rows: TreeRow[] = [];
  const seen = new Set<Span>();
  for (const root of roots) walk(root, children, { rows, seen });
  // What no root leads to is a circle.
  for (const span of sorted) walk(span, children, { rows, seen });
  return rows;
}

interface Walk {
  readonly rows: TreeRow[];
  readonly seen: Set<Span>;
}

interface Step {
  readonly span: Span;
  readonly depth: number;
  /** What stands before the children's guides */
  readonly prefix: string;
  readonly guides: string;
}

/** With a stack of its own: a chain may be longer than ours. */
function walk(
  root: Span,
  children: ReadonlyMap<Span, readonly Span[]>,
  { rows, seen }: Walk,
): void {
  const stack: Step[] = [{ span: root, depth: 0, prefix: "", guides: "" }];
  for (let step = stack.pop(); step !== undefined; step = stack.pop()) {
    const { span, depth, prefix, guides } = step;
    if (seen.has(span)) continue;
    seen.add(span);
    rows.push({ span, guides });
    const below = (children.get(span) ?? []).filter((child) => !seen.has(child));
    for (const [index, child] of below.entries().toArray().reverse()) {
      const isLast = index === below.length - 1;
      const isDeep = depth >= deepestGuides;
      stack.push({
        span: child,
        depth: depth + 1,
        prefix: isDeep ? prefix : `${prefix}${isLast ? "  " : "│ "}`,
        guides: `${prefix}${isLast ? "└─" : "├─"}`,
      });
    }
  }
}

function byStart(a: Span, b: Span): number {
  if (a.startNs !== b.startNs) return a.startNs < b.startNs ? -1 : 1;
  // Of the same moment, the longer one is likely the parent, or the earlier of two.
  if (a.endNs !== b.endNs) return a.endNs > b.endNs ? -1 : 1;
  return a.spanId < b.spanId ? -1 : 1;
}
