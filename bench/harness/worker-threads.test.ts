import { once } from "node:events";
import { Worker } from "node:worker_threads";
import t from "tap";
import { evaluateInWorkers } from "./worker-threads.ts";

t.test(
  "evaluateInWorkers() runs an expression in the threads of a name and no others",
  async (t) => {
    const source = "require('node:worker_threads').parentPort.on('message', () => {})";
    const named = new Worker(source, { eval: true, name: "victim" });
    const other = new Worker(source, { eval: true, name: "bystander" });
    t.teardown(() => Promise.all([named.terminate(), other.terminate()]));
    await Promise.all([once(named, "online"), once(other, "online")]);
    const ended = once(named, "exit");
    t.equal(await evaluateInWorkers("victim", "process.exit(7)"), 1);
    t.same(await ended, [7]);
    t.not(other.threadId, -1);
  },
);
