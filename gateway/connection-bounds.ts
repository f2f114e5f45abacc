/**
 * How many connections an Envoy may hold, by the files that a process may open here: Envoy aborts when it asks for one
 * more, with every connection of every agent.
 */

/** Connections of one Envoy. */
export interface ConnectionBounds {
  /** From agents, over all of its listeners; each costs Envoy a few tens of KiB */
  readonly downstream: number;
  /** To upstreams, of each way that it dials them; what wants more waits */
  readonly upstream: number;
}

/** More agents at a time than one Envoy serves well. */
const mostDownstream = 50_000;

/** Of Envoy's own: listeners, logs, the engine, secrets, names that are looked up. */
const ownFiles = 1_024;

/**
 * A third of what is left for agents, and a third for each of the ways upstream, of which two are seldom full. Of a limit
 * below 4,096 a quarter is Envoy's own.
 */
export function connectionBounds(openFiles: number): ConnectionBounds {
  const own = Math.min(ownFiles, Math.ceil(openFiles / 4));
  const share = Math.max(1, Math.floor((openFiles - own) / 3));
  return { downstream: Math.min(mostDownstream, share), upstream: share };
}

/** Files that this process, and what it starts, may open; Node has raised its limit to the hard one. */
export function openFilesLimit(report: object = process.report.getReport()): number {
  const { userLimits } = report as { userLimits?: { open_files?: { soft?: unknown } } };
  const soft = Number(userLimits?.open_files?.soft);
  // "unlimited", and systems that do not say.
  return Number.isSafeInteger(soft) && soft > 0 ? soft : 1_048_576;
}
