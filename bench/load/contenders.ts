/** The list of contenders, in the order of the report. To add one, write its file and one line here. */
import { createDirect } from "../compare/direct.ts";
import { createMitmproxy } from "../compare/mitmproxy.ts";
import { createMockttp } from "../compare/mockttp.ts";
import { createNone } from "../compare/none.ts";
import { peerPaths } from "../compare/peers.ts";
import { createClrk } from "./clrk-contender.ts";
import type { Contender } from "./contender.ts";

/** Contenders that can be measured and the reasons why others cannot. */
export interface Selection {
  readonly present: readonly Contender[];
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

/**
 * Looks for the contenders called `names`, or for all that are proxies when it is undefined.
 * Throws RangeError for a name that is not a contender's.
 */
export async function selectContenders(
  contenders: readonly Contender[],
  names: readonly string[] | undefined,
): Promise<Selection> {
  const known = contenders.map((contender) => contender.name);
  const unknown = names?.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new RangeError(
      `Cannot run contender "${unknown}": it is not known: known are ${known.join(", ")}`,
    );
  }
  const present: Contender[] = [];
  const versions = new Map<string, string>();
  const absent = new Map<string, string>();
  for (const contender of contenders) {
    const wanted = names?.includes(contender.name) ?? !contender.modes.includes("direct");
    if (!wanted) continue;
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
