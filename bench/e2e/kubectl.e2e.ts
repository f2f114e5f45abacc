/** An unmodified kubectl against the control process: what people type, and what they get to see. */
import { readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { applySetId, partOfLabel } from "../../control/cli/apply-set.ts";
import { startControlProcess } from "../harness/control-process.ts";
import type { ControlProcess } from "../harness/control-process.ts";
import { readCommandBlocks } from "../harness/document-blocks.ts";
import { needsKubectl, openKubectlClient } from "../harness/kubectl.ts";
import type { KubectlClient, KubectlOptions } from "../harness/kubectl.ts";
import { runProcess, waitUntil } from "../harness/processes.ts";

const { program, skip } = await needsKubectl();
const options = { skip, timeout: 240_000 };
const root = join(import.meta.dirname, "../..");

/** kubectl that must succeed, unless the exit code is given; gives what it printed. */
type Run = (line: string, expected?: KubectlOptions & { exitCode?: number }) => Promise<string>;

function runner(t: Test, client: KubectlClient): Run {
  return async (line, { exitCode = 0, ...rest } = {}) => {
    // Quoted parts are one word, as in a shell.
    const words = (line.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^'(.*)'$/, "$1"));
    const outcome = await client.run(words, rest);
    t.equal(outcome.exitCode, exitCode, `kubectl ${line}: ${outcome.stderr.slice(0, 500)}`);
    return outcome.stdout + outcome.stderr;
  };
}

async function open(
  t: Test,
): Promise<{ control: ControlProcess; client: KubectlClient; run: Run }> {
  const control = await startControlProcess(t);
  const client = openKubectlClient(t, { program, kubeconfig: control.kubeconfig });
  return { control, client, run: runner(t, client) };
}

function policy(name: string, requests: number, extra = ""): string {
  return `apiVersion: clrk.apoxy.dev/v1alpha1
kind: RateLimitPolicy
metadata:
  name: ${name}
  labels: {team: red}
spec:
  requests: ${requests}
  window: 1m
${extra}`;
}

t.test(
  "applysets of kubectl and of clrk have ids alike, and neither takes the other's",
  options,
  async (t) => {
    const { control, run } = await open(t);
    const alpha = { environment: { KUBECTL_APPLYSET: "true" } };
    const byKubectl = (name: string, set: string, exitCode = 0) =>
      run(`apply -f - --prune --applyset=${set} -n default`, {
        ...{ input: policy(name, 5), exitCode },
        ...alpha,
      });
    const file = join(control.home, "policy.yaml");
    const byClrk = async (name: string, set: string) => {
      writeFileSync(file, policy(name, 5));
      const { PATH = "" } = process.env;
      const words = ["apply", "-f", file, "--prune", "--applyset", set, "-n", "default"];
      return await runProcess(
        {
          command: process.execPath,
          arguments: [join(root, "bin/clrk.mjs"), ...words],
          environment: { PATH, HOME: control.home, CLRK_HOME: control.home },
        },
        60_000,
      );
    };
    const members = async (set: string) => {
      const label = String.raw`{.metadata.labels.applyset\.kubernetes\.io/id}`;
      const id = await run(`get secret ${set} -o jsonpath=${label}`);
      t.equal(id, applySetId({ kind: "Secret", namespace: "default", name: set }));
      return await run(`get rlp -l ${partOfLabel}=${id} -o name`);
    };
    const group = "ratelimitpolicy.clrk.apoxy.dev";
    await byKubectl("one", "theirs");
    t.match(await byKubectl("two", "theirs"), /one pruned/);
    t.equal(await members("theirs"), `${group}/two\n`);
    t.match(await byClrk("three", "ours"), { exitCode: 0 });
    t.match(await byClrk("four", "ours"), { exitCode: 0, stdout: `${group}/three pruned` });
    t.equal(await members("ours"), `${group}/four\n`);

    t.match(await byKubectl("five", "ours", 1), /managed by tooling "clrk" instead of "kubectl"/);
    const refused = await byClrk("five", "theirs");
    t.match(refused, { exitCode: 1, stderr: /belongs to "kubectl", not to "clrk"\n/ });
    t.match(await byClrk("two", "ours"), { exitCode: 1, stderr: /it belongs to another applyset/ });
    t.equal(await run("get rlp -o name"), `${group}/four\n${group}/two\n`);
  },
);

t.test("apply, get, diff, edit, patch, delete", options, async (t) => {
  const { run } = await open(t);
  t.match(
    await run("apply -f -", { input: policy("one", 5) }),
    /ratelimitpolicy\.clrk\.apoxy\.dev\/one created/,
  );
  t.match(await run("apply -f -", { input: policy("one", 5) }), /one unchanged/);
  t.match(
    await run("diff -f -", { input: policy("one", 6), exitCode: 1 }),
    /-\s+requests: 5\n\+\s+requests: 6/,
  );
  t.match(await run("apply -f -", { input: policy("one", 6) }), /one configured/);
  t.match(
    await run("get rlp -o wide"),
    /^NAME\s+REQUESTS\s+WINDOW\s+SCOPE\s+AGE\s*\none\s+6\s+1m\s+PerAgent\s+\d+s\s*$/,
  );
  t.match(await run("get ratelimitpolicy one -o yaml"), /requests: 6\n\s+scope: PerAgent/);
  t.equal(await run("get rlp one -o jsonpath={.spec.requests}"), "6");
  t.match(JSON.parse(await run("get rlp -o json")), {
    kind: "List",
    items: [{ kind: "RateLimitPolicy" }],
  });
  t.equal(await run("get clrk -o name"), "ratelimitpolicy.clrk.apoxy.dev/one\n");
  const editor = join(t.testdir(), "editor");
  writeFileSync(editor, '#!/bin/sh\nsed -i "s/requests: 6/requests: 7/" "$1"\n', { mode: 0o755 });
  t.match(await run("edit rlp one", { environment: { EDITOR: editor } }), /one edited/);
  t.match(await run(`patch rlp one --type=merge -p '{"spec":{"requests":8}}'`), /one patched/);
  t.match(
    await run(`patch rlp one --type=json -p '[{"op":"test","path":"/spec/requests","value":8}]'`),
    /one patched/,
  );
  t.match(
    await run(`patch rlp one -p '{"spec":{"requests":9}}'`, { exitCode: 1 }),
    /application\/strategic-merge-patch\+json is not supported/,
  );
  t.match(await run("label rlp one team=blue --overwrite"), /one labeled/);
  t.match(await run("annotate rlp one note=kept"), /one annotated/);
  t.match(await run("get rlp -l team=blue --show-labels"), /team=blue/);
  t.match(await run("get rlp -l team=red"), /No resources found/);
  t.match(await run("get rlp --field-selector metadata.name=one"), /^NAME/);
  t.match(await run("replace -f -", { input: policy("one", 10) }), /one replaced/);
  t.match(await run("create -f -", { input: policy("one", 10), exitCode: 1 }), /\(AlreadyExists\)/);
  t.match(
    await run("create --dry-run=server -f -", { input: policy("two", 10) }),
    /created \(server dry run\)/,
  );
  t.match(await run("delete rlp one"), /"one" deleted/);
  t.match(
    await run("get rlp one", { exitCode: 1 }),
    /\(NotFound\): ratelimitpolicies\.clrk\.apoxy\.dev "one" not found/,
  );
  t.match(await run("delete rlp one --ignore-not-found"), /^$/);
});

t.test("server-side apply shares fields, and says who owns them", options, async (t) => {
  const { run } = await open(t);
  t.match(
    await run("apply --server-side -f -", { input: policy("one", 5) }),
    /one serverside-applied/,
  );
  const other = "apply --server-side --field-manager=other -f -";
  t.match(
    await run(other, { input: policy("one", 6), exitCode: 1 }),
    /Apply failed with 1 conflict: conflict with "kubectl": \.spec\.requests/,
  );
  t.match(
    await run(`${other} --force-conflicts`, { input: policy("one", 6) }),
    /serverside-applied/,
  );
  t.match(
    await run("get rlp one -o yaml --show-managed-fields"),
    /manager: other\n\s+operation: Apply/,
  );
  const client = await run("apply -f -", { input: policy("two", 5) });
  t.match(client, /two created/);
  t.match(await run("apply --server-side -f -", { input: policy("two", 6) }), /serverside-applied/);
});

t.test("what is wrong is refused before it is stored, in words", options, async (t) => {
  const { run } = await open(t);
  const refused = (input: string) => run("apply -f -", { input, exitCode: 1 });
  t.match(
    await refused(policy("one", 0)),
    /The RateLimitPolicy "one" is invalid: spec\.requests: Invalid value: 0: wanted an integer from 1 to/,
  );
  t.match(
    await refused(policy("one", 1, "  scope: Nobody")),
    /spec\.scope: Unsupported value: "Nobody": supported values: "PerAgent", "PerExecution", "PerRoute"/,
  );
  t.match(
    await refused(policy("one", 1, "  scop: PerAgent")),
    /strict decoding error: unknown field "spec\.scop"/,
  );
  t.match(await refused(policy("Not_A_Name", 1)), /metadata\.name: Invalid value: "Not_A_Name"/);
  t.match(
    await run("apply -n nowhere -f -", { input: policy("one", 1), exitCode: 1 }),
    /namespaces "nowhere" not found/,
  );
  t.match(await run("get rlp"), /No resources found/);
});

t.test("watch and wait see what happens", options, async (t) => {
  const { run, client } = await open(t);
  await run("apply -f -", { input: policy("one", 5) });
  const watch = client.start(["get", "rlp", "-w"]);
  const seen = async (what: RegExp) =>
    waitUntil(() => what.test(watch.stdout), { deadlineMs: 20_000, what: `${what} in a watch` });
  await seen(/one\s+5/);
  await run(`patch rlp one --type=merge -p '{"spec":{"requests":6}}'`);
  await seen(/one\s+6/);
  const waits = client.start([
    "wait",
    "rlp/one",
    "--for=jsonpath={.spec.requests}=7",
    "--timeout=30s",
  ]);
  await run(`patch rlp one --type=merge -p '{"spec":{"requests":7}}'`);
  t.equal((await waits.exited).exitCode, 0);
  t.match(waits.stdout, /one condition met/);
  const gone = client.start(["wait", "rlp/one", "--for=delete", "--timeout=30s"]);
  await run("delete rlp one");
  t.equal((await gone.exited).exitCode, 0);
  t.match(
    await run("wait rlp/one --for=jsonpath={.spec.requests}=7 --timeout=1s", { exitCode: 1 }),
    /not found/,
  );
  await watch.close();
});

t.test("explain, api-resources, version and auth tell what is there", options, async (t) => {
  const { run, control } = await open(t);
  t.match(await run("explain rlp.spec"), /requests\s+<integer> -required-/);
  t.match(await run("explain egressgateways --recursive"), /listeners\s+<\[\]Object>/);
  t.match(await run("explain cm.data"), /<map\[string\]string>/);
  const resources = await run("api-resources");
  for (const kind of [
    "RateLimitPolicy",
    "EgressGateway",
    "Backend",
    "Namespace",
    "Secret",
    "Event",
  ]) {
    t.match(resources, new RegExp(`${kind}$`, "m"));
  }
  t.match(await run("version"), /Server Version: v1\.36\.0\+clrk/);
  t.match(await run("get --raw /readyz"), /ok/);
  t.match(await run("auth whoami"), /Username\s+admin/);
  t.match(await run("auth can-i delete secrets"), /yes/);
  t.match(await run("auth can-i --list"), /\*\.\*/);
  const viewer = runner(
    t,
    openKubectlClient(t, { program, kubeconfig: `${control.kubeconfig}-viewer` }),
  );
  t.match(await viewer("auth whoami"), /Username\s+viewer/);
  t.match(await viewer("get rlp"), /No resources found/);
  t.match(await viewer("auth can-i get secrets", { exitCode: 1 }), /no/);
  t.match(
    await viewer("get secrets", { exitCode: 1 }),
    /\(Forbidden\): secrets is forbidden: User "viewer" cannot list resource "secrets"/,
  );
  t.match(await viewer("delete rlp one", { exitCode: 1 }), /\(Forbidden\)/);
});

t.test("core kinds: ConfigMaps, Secrets, Namespaces, Events", options, async (t) => {
  const { run } = await open(t);
  await run("create configmap settings --from-literal=a=1");
  await run("create secret generic key --from-literal=token=hunter2");
  await run("create namespace team");
  t.match(await run("get cm,secret"), /configmap\/settings\s+1\s[\s\S]*secret\/key\s+Opaque\s+1\s/);
  t.equal(
    await run("get secret key -o jsonpath={.data.token}"),
    Buffer.from("hunter2").toString("base64"),
  );
  t.notMatch(await run("describe secret key"), /hunter2/);
  const map = (data: string) =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\ndata: ${data}\n`;
  await run("apply -f -", { input: map("{a: '1', b: '2'}") });
  t.match(await run("apply -f -", { input: map("{a: '3'}") }), /more configured/);
  t.same(JSON.parse(await run("get cm more -o jsonpath={.data}")), { a: "3" });
  t.match(await run(`patch cm more -p '{"data":{"c":"4"}}'`), /patched/);
  await run("apply -n team -f -", { input: policy("inside", 5) });
  t.match(await run("get rlp -A"), /^NAMESPACE[^\n]*\nteam\s+inside/);
  const { uid } = JSON.parse(await run("get rlp inside -n team -o json")).metadata;
  const event = {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "inside.1", namespace: "team" },
    involvedObject: {
      apiVersion: "clrk.apoxy.dev/v1alpha1",
      kind: "RateLimitPolicy",
      name: "inside",
      namespace: "team",
      uid,
    },
    reason: "Limited",
    message: "too many requests",
    type: "Warning",
    count: 2,
    lastTimestamp: new Date().toISOString(),
  };
  await run("create -f -", { input: JSON.stringify(event) });
  t.match(
    await run("get events -n team"),
    /Warning\s+Limited\s+ratelimitpolicy\/inside\s+too many requests/,
  );
  t.match(await run("events -n team --for rlp/inside"), /Limited/);
  t.match(await run("describe rlp inside -n team"), /Warning\s+Limited[^\n]*too many requests/);
  t.match(await run("delete namespace team"), /"team" deleted/);
  t.match(await run("get rlp -A"), /No resources found/);
  t.match(
    await run("delete namespace default", { exitCode: 1 }),
    /this namespace may not be deleted/,
  );
});

t.test("the commands of the document do what they say", options, async (t) => {
  const quickstart = ["-f", join(root, "examples/quickstart")];
  const control = await startControlProcess(t, { arguments: quickstart });
  const client = openKubectlClient(t, { program, kubeconfig: control.kubeconfig });
  const isApplied = async () =>
    (await client.run(["get", "egw/default", "aipr/openai"])).exitCode === 0;
  await waitUntil(isApplied, { deadlineMs: 20_000, what: "the quickstart in the API server" });
  const text = readFileSync(join(root, "docs/api-server.md"), "utf8");
  const lines = readCommandBlocks(text).flatMap(({ code }) => code.split("\n"));
  // What starts the server is started above, with a home of its own.
  const commands = lines.filter((line) => line.startsWith("kubectl "));
  t.ok(commands.length >= 5, `${commands.length} commands`);
  const folder = t.testdir();
  symlinkSync(program, join(folder, "kubectl"));
  const environment = {
    PATH: `${folder}:${process.env["PATH"] ?? ""}`,
    HOME: folder,
    KUBECONFIG: control.kubeconfig,
  };
  for (const line of commands) {
    const shell = {
      command: "/bin/sh",
      arguments: ["-ec", line],
      workingDirectory: root,
      environment,
    };
    const outcome = await runProcess(shell, 60_000);
    // A difference is what `diff` is there to tell.
    const most = line.startsWith("kubectl diff") ? 1 : 0;
    t.ok((outcome.exitCode ?? 9) <= most, `${line}: ${outcome.stderr}`);
    if (most === 0) t.not(outcome.stdout, "", line);
  }
});

t.test(
  "a control process that is killed loses nothing, and one home has one",
  options,
  async (t) => {
    const { control } = await open(t);
    for (const [name, mode] of [
      ["kubeconfig", 0o600],
      ["kubeconfig-viewer", 0o600],
      ["control", 0o700],
    ] as const) {
      t.equal(statSync(join(control.home, name)).mode & 0o777, mode, name);
    }
    const second = startControlProcess(t, { home: control.home });
    await t.rejects(second, { message: /process \d+ does already/ });
    const acknowledged: string[] = [];
    let isDead = false;
    const writing = (async () => {
      for (let count = 0; !isDead; count++) {
        const client = openKubectlClient(t, { program, kubeconfig: control.kubeconfig });
        const outcome = await client.run(["create", "-f", "-"], { input: policy(`p${count}`, 5) });
        if (outcome.exitCode === 0) acknowledged.push(`p${count}`);
        else isDead = true;
      }
    })();
    await waitUntil(() => acknowledged.length >= 5, { deadlineMs: 60_000, what: "five writes" });
    control.child.signal("SIGKILL");
    await writing;
    const again = await startControlProcess(t, { home: control.home });
    const after = runner(t, openKubectlClient(t, { program, kubeconfig: again.kubeconfig }));
    const names = (await after("get rlp -o jsonpath={.items[*].metadata.name}")).split(" ");
    for (const name of acknowledged) t.ok(names.includes(name), name);
    const store = readFileSync(join(control.home, "control", "objects.db"));
    t.ok(store.length > 0);
    again.child.signal("SIGTERM");
    t.equal((await again.child.exited).exitCode, 0);
    t.equal(again.logs(), "");
  },
);
