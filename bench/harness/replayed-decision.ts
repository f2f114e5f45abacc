/** Replays of manifests, and what they and the records of a real gateway say in the same words. */
import { createRecordedChoice } from "../../extproc/recorded-choice.ts";
import { compile } from "../../gateway/compile.ts";
import { silentLogger } from "../../gateway/log.ts";
import { ownAddresses } from "../../gateway/own-addresses.ts";
import { readManifests } from "../../gateway/read-manifests.ts";
import type { EgressRecord } from "../../gateway/record.ts";
import type { KnownOutcome } from "../../gateway/replay.ts";
import { GatewayReplay } from "../../gateway/replay.ts";
import { priceTable } from "../../providers/price-table.ts";

/** What records do not hold, and for want of which nothing may be known. */
export const statedUnknowns: readonly RegExp[] = [
  /^header x-team$/,
  /^size of the body$/,
  /^body of the request$/,
  /^model of the request$/,
  /^messages to the MCP server$/,
  /^header (?:accept|upgrade|content-type|content-encoding)$/,
  /^whether \w+ can express the request$/,
  /^what becomes of a request that was refused with /,
];

const choose = createRecordedChoice(priceTable);

/** A replay of the one gateway of files or folders; objects of a later one stand for those of the same name before. */
export function replayOf(...paths: readonly string[]): GatewayReplay {
  const objects = new Map(
    paths.flatMap((path) => {
      const read = readManifests({ paths: [path], log: silentLogger });
      if (read.problems.length > 0)
        throw new Error(`Cannot replay: ${JSON.stringify(read.problems)}`);
      return read.objects.map(({ object }) => {
        const { namespace, name } = object.metadata;
        return [`${object.kind} ${namespace}/${name}`, object] as const;
      });
    }),
  );
  const { snapshot } = compile({
    objects: [...objects.values()],
    revision: 1,
    environment: { ownAddresses: ownAddresses() },
  });
  const [served] = snapshot.gateways;
  if (served === undefined) throw new Error("Cannot replay: there is no gateway");
  return new GatewayReplay(served, choose);
}

/** What a replay made of a record. */
export function replayed({ verdict, reason, wouldDeny, route, credentials }: KnownOutcome) {
  return { verdict, reason, wouldDeny, route, injects: credentials.length > 0 };
}

/** What the record says happened, as far as `outcome` says it too. */
export function recorded({ decision, credential, upstream }: EgressRecord, outcome: KnownOutcome) {
  const { verdict, reason, route, wouldDeny } = decision;
  // Where nothing was sent the record names no credential, whatever would have been injected.
  const injects = upstream === null ? outcome.credentials.length > 0 : credential !== null;
  return { verdict, reason, wouldDeny: wouldDeny?.reason ?? null, route, injects };
}
