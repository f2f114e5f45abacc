/** Tries techniques where each belongs: most in this machine's network, those about names and addresses in one of their own. */
import type { TestScope } from "../harness/processes.ts";
import type { Outcome } from "./judge.ts";
import { outputsName } from "./observed-outputs.ts";
import { lacksOwnNetwork, runInside } from "./own-network.ts";
import { runHere } from "./run-here.ts";
import type { AttackOptions } from "./run-here.ts";

/** Resolves with one outcome for each technique, and one for the outputs of each network; processes end with the scope. */
export async function runAttacks(scope: TestScope, options: AttackOptions): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const onOutcome = (outcome: Outcome): void => {
    outcomes.push(outcome);
    options.onOutcome?.(outcome);
  };
  const here = options.techniques.filter(({ ownNetwork }) => ownNetwork !== true);
  const inside = options.techniques.filter(({ ownNetwork }) => ownNetwork === true);
  if (here.length > 0) await runHere(scope, { ...options, techniques: here, onOutcome });
  if (inside.length === 0) return outcomes;
  const leftOut = lacksOwnNetwork();
  if (leftOut !== undefined) {
    for (const { name } of inside) {
      onOutcome({ name, tried: 0, refused: 0, leaked: 0, problems: [], leftOut });
    }
    return outcomes;
  }
  await runInside(scope, { ...options, techniques: inside }, (outcome) => {
    const isOutputs = outcome.name === outputsName;
    onOutcome(isOutputs ? { ...outcome, name: `${outputsName}-2` } : outcome);
  });
  return outcomes;
}
