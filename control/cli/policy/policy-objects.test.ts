/** Tests of the objects of policies, with stand-ins for Secrets. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { createFakeContext } from "../testdata/fake-context.ts";
import { objectWith, openFakeControl, statusWith } from "../testdata/fake-control.ts";
import { findRunningGateways } from "../running-gateways.ts";
import { knownSecrets, readPolicy, servedPaths, servedPolicy } from "./policy-objects.ts";

const gateway = JSON.stringify({
  apiVersion: "clrk.apoxy.dev/v1alpha1",
  kind: "EgressGateway",
  metadata: { name: "egress" },
  spec: { listeners: [{ name: "http", protocol: "HTTP" }] },
});
const secret = (name: string, value: string) =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name },
    stringData: { token: value },
  });

t.test(
  "knownSecrets() takes those of flags, the file and running gateways, but not of manifests",
  async (t) => {
    const context = await createFakeContext(t);
    const control = await openFakeControl(context.home);
    t.teardown(() => control.close());
    const data = { token: "[redacted]", other: "[redacted]" };
    control.objects = [
      objectWith("Secret", { name: "sourced", source: "--secret sourced=X", other: { data } }),
      objectWith("Secret", { name: "written", other: { data } }),
    ];
    writeFileSync(context.home.secrets, "secrets:\n  - { name: filed, key: a, file: /run/a }\n");
    const { answering } = await findRunningGateways(context.home);
    const known = await knownSecrets(context, ["flagged:key=VARIABLE"], answering);
    t.same(
      [...known].map(([name, keys]) => [name, [...keys]]),
      [
        ["default/flagged", ["key"]],
        ["default/filed", ["a"]],
        ["default/sourced", ["token", "other"]],
      ],
    );
  },
);

t.test("readPolicy() adds stand-ins for what no manifest has", async (t) => {
  const context = await createFakeContext(t);
  writeFileSync(
    join(context.workingDirectory, "a.yaml"),
    `${gateway}\n---\n${secret("own", "mine")}\n`,
  );
  const secrets = new Map([
    ["default/own", new Set(["token"])],
    ["team/other", new Set(["key"])],
  ]);
  const objects = readPolicy(["a.yaml"], { context, secrets });
  t.same(
    objects.map(
      ({ object: { kind, metadata } }) => `${kind} ${metadata.namespace}/${metadata.name}`,
    ),
    ["EgressGateway default/egress", "Secret default/own", "Secret team/other"],
  );
});

t.test("servedPolicy() takes objects as a process shows them", async (t) => {
  const context = await createFakeContext(t);
  const control = await openFakeControl(context.home);
  t.teardown(() => control.close());
  const listeners = [{ name: "http", protocol: "HTTP" }];
  control.objects = [
    objectWith("EgressGateway", { name: "egress", spec: { listeners } }),
    objectWith("Secret", {
      name: "key",
      other: { data: { token: "[redacted]" }, spec: undefined },
    }),
  ];
  const { answering } = await findRunningGateways(context.home);
  const [running] = answering;
  if (running === undefined) throw new Error("It does not answer");
  const objects = await servedPolicy(running, { context, secrets: new Map() });
  t.same(
    objects.map(
      ({ object: { kind, metadata } }) => `${kind} ${metadata.namespace}/${metadata.name}`,
    ),
    ["EgressGateway default/egress", "Secret default/key"],
  );
  t.notMatch(JSON.stringify(objects), "redacted");
});

const problem = { file: "a.yaml", line: 1, field: "", message: "wrong" };
const served = [
  { name: "absolute paths", status: { directories: ["/etc/clrk"] }, paths: ["/etc/clrk"] },
  {
    name: "paths from where the process is",
    status: { directories: ["policy", "/etc/clrk"] },
    paths: [join(process.cwd(), "policy"), "/etc/clrk"],
  },
  { name: "none", status: { directories: [] }, paths: undefined },
  {
    name: "files with mistakes",
    status: { directories: ["/etc/clrk"], problems: [problem] },
    paths: undefined,
  },
];

for (const { name, status, paths } of served) {
  t.test(`servedPaths() of ${name}`, async (t) => {
    const context = await createFakeContext(t);
    const control = await openFakeControl(context.home);
    t.teardown(() => control.close());
    control.status = statusWith({ pid: process.pid, ...status });
    const [running] = (await findRunningGateways(context.home)).answering;
    t.same(running && (await servedPaths(running)), paths);
  });
}
