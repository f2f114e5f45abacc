/** Unit tests of starting, awaiting and stopping the programs of a benchmark. */
import t from "tap";
import { startProgram } from "./child-process.ts";

const node = process.execPath;

t.test("waitFor() gives the probe's value when the program is ready", async (t) => {
  const program = await startProgram({
    name: "talker",
    command: [node, "-e", "console.log('port 7', process.env.WHO); setInterval(() => {}, 1000)"],
    env: { WHO: "me" },
  });
  t.teardown(() => program.stop());
  const line = await program.waitFor(() => /port (.*)\n/.exec(program.output())?.[1], 10_000);
  t.equal(line, "7 me");
});

t.test("waitFor() tells what the program said when it ends early", async (t) => {
  const program = await startProgram({
    name: "quitter",
    command: [node, "-e", "console.error('no config'); process.exitCode = 3"],
  });
  await t.rejects(
    program.waitFor(() => undefined, 10_000),
    new Error('Cannot use "quitter": it ended: no config'),
  );
  await program.stop();
});

t.test("waitFor() gives up when the deadline passes", async (t) => {
  const program = await startProgram({
    name: "sleeper",
    command: [node, "-e", "setInterval(() => {}, 1000)"],
  });
  t.teardown(() => program.stop());
  await t.rejects(
    program.waitFor(() => undefined, 50),
    new Error('Cannot use "sleeper": not ready after 50 ms: no output'),
  );
});

t.test("startProgram() rejects when there is no such program", async (t) => {
  await t.rejects(startProgram({ name: "ghost", command: ["/nowhere/ghost"] }), {
    message: 'Cannot start "ghost": spawn /nowhere/ghost ENOENT',
  });
});

t.test("stop() ends the program and may be called twice", async (t) => {
  const program = await startProgram({
    name: "stoppable",
    command: [node, "-e", "setInterval(() => {}, 1000)"],
  });
  await Promise.all([program.stop(), program.stop()]);
  await program.stop();
  t.throws(() => process.kill(program.pid, 0));
});
