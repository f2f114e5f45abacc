/** Tests how a process of ours ends when it is asked to: as a process, because that is what ends. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import t from "tap";

/** Starts a process that closes like this, asks it to stop, and gives its code and what it logged. */
async function stopProcess(close: string) {
  const script = `
    import { endOnSignals } from ${JSON.stringify(new URL("./process-life.ts", import.meta.url).href)};
    const log = { error: (message) => process.stderr.write(message) };
    setInterval(() => {}, 1_000);
    endOnSignals({ close: ${close}, exitsWithParent: false, log, mostCloseMs: 200 });
    process.stdout.write("ready");`;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", script], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let logged = "";
  child.stderr.on("data", (chunk) => {
    logged += String(chunk);
  });
  const ended = once(child, "exit");
  await once(child.stdout, "data");
  child.kill("SIGTERM");
  const [code] = await ended;
  return { code, logged };
}

t.test("endOnSignals() ends the process by how it could close", async (t) => {
  t.match(await stopProcess("async () => {}"), { code: 0, logged: "" });
  const failing = await stopProcess("async () => { throw new Error('no') }");
  t.match(failing, { code: 1, logged: "Cannot stop cleanly" });
});

t.test("endOnSignals() ends the process also where something never closes", async (t) => {
  const hanging = await stopProcess("() => new Promise(() => {})");
  t.match(hanging, { code: 1, logged: /something does not end/ });
});
