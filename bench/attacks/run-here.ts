/** Tries techniques one after the other on one set of gateways in this process's network, and then searches every output. */
import type { TestScope } from "../harness/processes.ts";
import { createAttackRig } from "./attack-rig.ts";
import { judge } from "./judge.ts";
import type { Outcome } from "./judge.ts";
import { searchOutputs } from "./observed-outputs.ts";
import type { Technique } from "./technique.ts";

/** What to try, and who wants to know. */
export interface AttackOptions {
  readonly techniques: readonly Technique[];
  /** On gateways that audit */
  readonly audits?: boolean;
  /** Called as each ends; the search of outputs is the last */
  readonly onOutcome?: (outcome: Outcome) => void;
}

/** Resolves with one outcome for each technique, and one for the outputs; processes end with the scope. */
export async function runHere(scope: TestScope, options: AttackOptions): Promise<Outcome[]> {
  const rig = await createAttackRig(scope, options);
  const outcomes: Outcome[] = [];
  const note = (outcome: Outcome): void => {
    outcomes.push(outcome);
    options.onOutcome?.(outcome);
  };
  for (const technique of options.techniques) note(await judge(rig, technique));
  if ((await rig.started()).length > 0) note(await searchOutputs(rig));
  return outcomes;
}
