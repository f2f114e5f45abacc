/** A process that logs events into a file as fast as it may, and says on its output which ones are kept. */

import { writeSync } from "node:fs";
import { systemClock } from "../../../gateway/clock.ts";
import { openSqliteEventLog } from "../sqlite-event-log.ts";
import { invocationEvent } from "./invocation-event.ts";

const [path = ""] = process.argv.slice(2);
const log = openSqliteEventLog({ path, clock: systemClock });
for (let number = 0; ; number += 8) {
  await Promise.all(
    Array.from({ length: 8 }, async (_, more) => {
      await log.append(invocationEvent(number + more, "Running"));
      writeSync(1, `${number + more}\n`);
    }),
  );
}
