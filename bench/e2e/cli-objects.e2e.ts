/** The commands about objects against the real `clrk dev`: what people type, over a restart of the API server too. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { startControlProcess } from "../harness/control-process.ts";
import { runProcess, startProcess, waitUntil } from "../harness/processes.ts";

const clrk = join(import.meta.dirname, "../../bin/clrk.mjs");
const options = { timeout: 120_000 };

function environmentOf(home: string): Record<string, string> {
  const { PATH = "" } = process.env;
  return { PATH, HOME: home, CLRK_HOME: home, TOKEN: "hunter2" };
}

t.test(
  "objects are applied, seen, watched over a kill, described and deleted",
  options,
  async (t) => {
    const control = await startControlProcess(t);
    const { home } = control;
    const environment = environmentOf(home);
    const run = async (line: string, exitCode = 0) => {
      const words = [clrk, ...line.split(" ")];
      const command = { command: process.execPath, arguments: words, environment };
      const outcome = await runProcess({ ...command, workingDirectory: home }, 60_000);
      t.equal(outcome.exitCode, exitCode, `clrk ${line}: ${outcome.stderr}`);
      return outcome;
    };
    const manifest = (requests: number) =>
      writeFileSync(
        join(home, "policy.yaml"),
        `apiVersion: clrk.apoxy.dev/v1alpha1\nkind: RateLimitPolicy\nmetadata: {name: one, labels: {team: red}}\nspec: {requests: ${requests}, window: 1m}\n`,
      );
    manifest(5);
    t.match((await run("apply -f policy.yaml --dry-run")).stdout, /\/one created \(dry run\)\n$/);
    t.match((await run("apply -f policy.yaml")).stdout, /\/one created\n$/);
    t.match((await run("apply -f policy.yaml")).stdout, /\/one unchanged\n$/);
    t.match((await run("get rlp -l team=red")).stdout, /^NAME .*\none +5 +1m /);
    t.match((await run("describe rlp one")).stdout, /\nSpec:\n {2}requests: 5\n/);
    t.match((await run("get rlp two", 1)).stderr, /^clrk: Cannot find RateLimitPolicy "two"/);
    const viewer = `${control.kubeconfig}-viewer`;
    t.match(
      (await run(`get secret none --kubeconfig ${viewer}`, 1)).stderr,
      /^clrk: Not allowed: /,
    );
    t.match(
      (await run("secret set openai token=env:TOKEN")).stdout,
      /^secret\/openai created: token\n/,
    );
    t.notMatch((await run("get secret openai -o yaml")).stdout, new RegExp(btoa("hunter2")));
    t.match((await run("context list")).stdout, /\n\* +clrk +https:/);
    t.match(
      (await run("status", 1)).stdout,
      /\nAPI server https:\S+\n.*kubeconfig\n.*objects\.db, /,
    );
    t.match((await run("get")).stdout, /\nratelimitpolicies +rlp +1\n/);

    const watch = startProcess(t, {
      command: process.execPath,
      arguments: [clrk, "get", "rlp", "-w", "-o", "json"],
      environment,
    });
    const seen = () =>
      watch.stdout
        .trim()
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line));
    const until = (condition: () => boolean, what: string) =>
      waitUntil(async () => condition(), { deadlineMs: 20_000, what: `${what}: ${watch.stdout}` });
    await until(() => seen().length === 1, "the first object");
    const port = new URL(control.url).port;
    control.child.signal("SIGKILL");
    await until(() => watch.stderr.includes("waiting for it"), "a lost server");
    t.match((await run("get rlp", 1)).stderr, /nothing listens there\nStart it: clrk dev -f DIR\n/);
    await startControlProcess(t, { home, arguments: ["--port", port] });
    manifest(6);
    await run("apply -f policy.yaml");
    await run("delete -f policy.yaml --wait");
    await until(() => seen().at(-1)?.type === "DELETED", "a deletion");
    t.equal(seen().filter(({ type }) => type === "ADDED").length, 1, "nothing was told twice");
  },
);
