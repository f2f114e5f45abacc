/**
 * A process that materialises the log in a folder, and is killed the moment the store has a batch on the disk and the log
 * has no answer yet.
 */

import path from "node:path";
import { systemClock } from "../../../gateway/clock.ts";
import { silentLogger } from "../../../gateway/log.ts";
import type { InvocationStore } from "../invocation-store.ts";
import { Materialiser } from "../materialiser.ts";
import { openSqliteEventLog } from "../sqlite-event-log.ts";
import { openSqliteInvocationStore } from "../sqlite-invocation-store.ts";
import { modelCallRecord } from "./invocation-record.ts";

const [directory = ""] = process.argv.slice(2);
const log = openSqliteEventLog({ path: path.join(directory, "events.db"), clock: systemClock });
const store = openSqliteInvocationStore({
  path: path.join(directory, "invocations.db"),
  clock: systemClock,
});
const killing: InvocationStore = Object.create(store, {
  apply: {
    value: (events: Parameters<InvocationStore["apply"]>[0]) => {
      store.apply(events);
      store.addRecords([modelCallRecord(1, "rec-1"), modelCallRecord(2, "rec-2")]);
      process.kill(process.pid, "SIGKILL");
    },
  },
});
new Materialiser({ log, store: killing, clock: systemClock, logger: silentLogger }).start();
