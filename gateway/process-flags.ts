/**
 * How Node is told to start our processes: what runs once, while a process loads, is not worth what compiling it better
 * would hold. `compileAsUsual()` ends that when there is something to do.
 */

/** Counts of calls after which V8 compiles a function better, as it has them by itself. */
const usualCounts: ReadonlyMap<string, number> = new Map([
  ["--invocation-count-for-maglev", 400],
  ["--invocation-count-for-maglev-osr", 100],
  ["--invocation-count-for-turbofan", 3_000],
  ["--invocation-count-for-osr", 500],
]);

/** Loading does not reach it; much more would overflow, as V8 multiplies it with the size of a function. */
const startCount = 300_000;

/** The release whose V8 has these flags, by these names: another Node might refuse to start. */
const knownMajor = 26;

/** Which process: `gateway` carries what agents send, `control` has little to do at once and keeps little garbage. */
export type ProcessKind = "control" | "gateway";

/** Flags of Node for a process that lives long; `nodeVersion` is that of `process.versions.node`. */
export function processFlags(kind: ProcessKind, nodeVersion: string): string[] {
  const small = kind === "control" ? ["--max-semi-space-size=1"] : [];
  if (Number.parseInt(nodeVersion, 10) !== knownMajor) return small;
  const late = [...usualCounts.keys()].map((name) => `${name}=${startCount}`);
  // Code that nothing compiles better for so long has to be compiled at all where work may come unnoticed.
  const never = kind === "gateway" ? ["--no-sparkplug"] : [];
  return [...small, ...never, "--expose-gc", ...late];
}

/** What V8 does by itself, as flags. */
export function usualFlags(): string[] {
  return ["--sparkplug", ...[...usualCounts].map(([name, count]) => `${name}=${count}`)];
}
