/** The live screen of `clrk dev` keeps up with ten thousand requests a second, on a real terminal. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { whyNoTerminal } from "../harness/terminal.ts";
import { runScreen } from "./screen.ts";
import { watchScreen } from "./screen-run.ts";

const skip = whyNoTerminal() ?? false;

t.test(
  "watchScreen() sees all that was counted, in at most ten frames a second",
  { skip },
  async (t) => {
    // Short: the path of a socket is below it.
    const directory = mkdtempSync(join(tmpdir(), "clrk-"));
    t.teardown(() => rmSync(directory, { recursive: true, force: true }));
    const plan = { eventsPerSecond: 10_000, seconds: 3, agents: 300, directory };
    const figures = await watchScreen(t, plan);
    t.equal(figures.events, 30_000);
    t.equal(figures.shown, 30_000, "all are counted, whatever is shown of them");
    // A frame at each end of a second, and the last one.
    t.ok(figures.mostDraws <= 12, `${figures.mostDraws} draws in a second`);
    t.ok(figures.drawsPerSecond > 1, "it is drawn at all");
    t.ok(figures.rssMib.highest - figures.rssMib.first < 128, JSON.stringify(figures.rssMib));
  },
);

t.test("runScreen() refuses what it does not know", async (t) => {
  await t.rejects(runScreen(["--events", "0"]), { name: "UsageError" });
  await t.rejects(runScreen(["--what"]), { name: "UsageError" });
});
