/** Random requests for widgets: who writes, by which way, and what. */
import { randomParts, randomWidget } from "../../control/apiserver/apply/testdata/random-widget.ts";
import type { Random } from "../../control/apiserver/apply/testdata/random-widget.ts";
import type { JsonMap } from "../../control/apiserver/json-tree.ts";
import type { OracleStep } from "./ownership-oracle.ts";

/** One request for the widget of that name. */
export function randomStep(random: Random, name: string, live: JsonMap | undefined): OracleStep {
  const manager = random.pick(["anna", "bert", "cleo"]);
  const isStatus = live !== undefined && random.below(6) === 0;
  const place = isStatus ? { subresource: "status" as const } : {};
  if (live === undefined && random.below(2) === 0) {
    return { way: "create", name, manager, body: randomWidget(random, name, false) };
  }
  if (live !== undefined && random.below(4) === 0) {
    const body = randomWidget(random, name, false);
    return {
      way: "merge",
      name,
      manager,
      ...place,
      body: { spec: body["spec"] ?? {}, status: body["status"] ?? {} },
    };
  }
  if (live !== undefined && random.below(5) === 0) {
    const body = { ...live, ...randomParts(random, false) };
    return { way: "replace", name, manager, ...place, body };
  }
  const force = random.below(2) === 0;
  return { way: "apply", name, manager, force, ...place, body: randomWidget(random, name, true) };
}
