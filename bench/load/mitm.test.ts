/** Unit tests of the sub-command's arguments: mistakes are told before anything is started. */
import t from "tap";
import { runMitm } from "./mitm.ts";
import { UsageError } from "./options.ts";

t.test("runMitm() rejects what it cannot run", async (t) => {
  await t.rejects(
    runMitm(["--case", "mitm-cold,warm"]),
    new UsageError(
      'Cannot run case "warm": it is not known: known are mitm-cold, mitm-keepalive, native',
    ),
  );
  await t.rejects(runMitm(["--contender", "squid"]), {
    name: "UsageError",
    message: /^Cannot run contender "squid": it is not known: known are clrk-native, none, /,
  });
  await t.rejects(
    runMitm(["--rounds", "0"]),
    new UsageError('Cannot use --rounds "0": it has to be a whole number from 1 to 1000'),
  );
});
