import t from "tap";
import { invocationPhases } from "../crds/invocation.ts";
import { isTerminalPhase, phaseRank } from "./invocation-event.ts";

t.test("phaseRank() rises to the ends, which are equal", async (t) => {
  t.strictSame(invocationPhases.map(phaseRank), [0, 1, 2, 3, 3, 3, 3]);
});

t.test("isTerminalPhase() holds for the four ends", async (t) => {
  t.strictSame(invocationPhases.filter(isTerminalPhase), [
    "Succeeded",
    "Failed",
    "Timeout",
    "Rejected",
  ]);
});
