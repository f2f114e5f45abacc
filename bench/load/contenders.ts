/** The list of contenders, in the order of the report. To add one, write its file and one line here. */
import { createDirect } from "../compare/direct.ts";
import { createMitmproxy } from "../compare/mitmproxy.ts";
import { createMockttp } from "../compare/mockttp.ts";
import { createNone } from "../compare/none.ts";
import { peerPaths } from "../compare/peers.ts";
import { createClrk } from "./clrk-contender.ts";
import type { Contender } from "./contender.ts";
import { UsageError } from "./options.ts";

/** What is asked of a contender before it is measured. */
export type Selectable = Pick<Contender, "name" | "find">;

/** Contenders that can be measured and the reasons why others cannot. */
export interface Selection<C extends Selectable = Contender> {
  readonly present: readonly C[];
  /** Version by contender */
  readonly versions: ReadonlyMap<string, string>;
  /** Reason by contender */
  readonly absent: ReadonlyMap<string, string>;
}

/** All contenders; nothing is started or looked for. */
export function allContenders(
  environment: Readonly<Record<string, string | undefined>>,
): readonly Contender[] {
  const paths = peerPaths(environment);
  return [
    createClrk(environment),
    createNone(environment),
    createMitmproxy(paths),
    createMockttp(paths),
    createDirect(),
  ];
}

/** Looks for the contenders called `names`, or for all that are proxies when it is undefined; else like `selectAmong()`. */
export function selectContenders(
  contenders: readonly Contender[],
  names: readonly string[] | undefined,
): Promise<Selection> {
  const proxies = contenders.filter(({ modes }) => !modes.includes("direct"));
  return selectAmong(contenders, names ?? proxies.map(({ name }) => name));
}

/** Looks for the contenders called `names`, in their own order. Throws RangeError for a name that is not a contender's. */
export async function selectAmong<C extends Selectable>(
  contenders: readonly C[],
  names: readonly string[],
): Promise<Selection<C>> {
  const known = contenders.map((contender) => contender.name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new RangeError(
      `Cannot run contender "${unknown}": it is not known: known are ${known.join(", ")}`,
    );
  }
  const present: C[] = [];
  const versions = new Map<string, string>();
  const absent = new Map<string, string>();
  for (const contender of contenders.filter(({ name }) => names.includes(name))) {
    const found = await contender.find();
    if (found.kind === "absent") {
      absent.set(contender.name, found.reason);
    } else {
      present.push(contender);
      versions.set(contender.name, found.version);
    }
  }
  return { present, versions, absent };
}

/** The same selection; rejects with UsageError where a name is not known or nothing is present. */
export async function orUsageError<C extends Selectable>(
  selecting: Promise<Selection<C>>,
): Promise<Selection<C>> {
  try {
    const selection = await selecting;
    if (selection.present.length > 0) return selection;
    const reasons = [...selection.absent].map(([name, reason]) => `${name}: ${reason}`);
    throw new UsageError(`Cannot run benchmark: no contender is present: ${reasons.join("; ")}`);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}
