import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { CliError } from "./cli-error.ts";
import { createGatewayClient } from "./gateway-client.ts";
import { chooseGateway, findRunningGateways, keyOf } from "./running-gateways.ts";
import type { RunningGateway } from "./running-gateways.ts";
import { createFakeContext } from "./testdata/fake-context.ts";
import { gatewayWith, openFakeControl, statusWith } from "./testdata/fake-control.ts";

function running(pid: number, ...names: string[]): RunningGateway {
  const gateways = names.map((key) => {
    const [namespace = "", name = ""] = key.split("/");
    return gatewayWith({ namespace, name });
  });
  return { pid, client: createGatewayClient("/nowhere"), status: statusWith({ pid, gateways }) };
}

t.test("findRunningGateways() tells what answers from what only has a folder", async (t) => {
  const { home } = await createFakeContext(t);
  await using control = await openFakeControl(home);
  // The test's parent lives and is no gateway, as after a process id was used again.
  await mkdir(join(home.run, String(process.ppid)), { recursive: true });
  await mkdir(join(home.run, "999999999"), { recursive: true });
  const { answering, silent } = await findRunningGateways(home);
  t.same(
    answering.map(({ pid }) => pid),
    [process.pid],
  );
  t.same(answering[0]?.status, control.status);
  t.same(silent, [process.ppid]);
});

t.test("findRunningGateways() finds nothing where there is no home", async (t) => {
  const { home } = await createFakeContext(t);
  t.same(await findRunningGateways(home), { answering: [], silent: [] });
});

const two = [running(1, "default/default", "team/strict")];

for (const { name, all, wanted, key } of [
  { name: "the only one", all: [running(1, "default/a")], wanted: undefined, key: "default/a" },
  { name: "the one of that name", all: two, wanted: "strict", key: "team/strict" },
  {
    name: "the one of that full name",
    all: two,
    wanted: "default/default",
    key: "default/default",
  },
]) {
  t.test(`chooseGateway() returns ${name}`, (t) => {
    t.equal(chooseGateway(all, wanted).key, key);
    t.end();
  });
}

for (const { name, all, wanted, message } of [
  {
    name: "no name where two are served",
    all: two,
    wanted: undefined,
    message:
      "Cannot choose an EgressGateway: 2 are served\nSay which:\n  --gateway default/default   (process 1)\n  --gateway team/strict   (process 1)",
  },
  {
    name: "a name in two namespaces",
    all: [running(1, "a/x", "b/x")],
    wanted: "x",
    message:
      'Cannot choose an EgressGateway: 2 are served as "x"\nSay which:\n  --gateway a/x   (process 1)\n  --gateway b/x   (process 1)',
  },
  {
    name: "one that two processes serve",
    all: [running(1, "a/x"), running(2, "a/x")],
    wanted: undefined,
    message:
      "Cannot choose an EgressGateway: 2 are served\nTwo processes serve it; stop one: clrk stop PID\n  --gateway a/x   (process 1)\n  --gateway a/x   (process 2)",
  },
  {
    name: "a name that is not served",
    all: [running(1, "a/x")],
    wanted: "y",
    message:
      'Cannot find EgressGateway "y": no process serves it\nThere are:\n  --gateway a/x   (process 1)',
  },
  {
    name: "a process that serves none",
    all: [running(1)],
    wanted: undefined,
    message:
      "Cannot find an EgressGateway: the running process serves none\nAdd one to its manifests; see what it reads: clrk status",
  },
]) {
  t.test(`chooseGateway() throws for ${name}`, (t) => {
    t.throws(() => chooseGateway(all, wanted), new CliError(message));
    t.end();
  });
}

t.test("keyOf() is the namespace and name", (t) => {
  t.equal(keyOf({ namespace: "a", name: "b" }), "a/b");
  t.end();
});
