/** Tests of kubeconfigs: what kubectl reads there, and that the file is its owner's alone. */
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parse } from "yaml";
import { formatKubeconfig, writeKubeconfig } from "./kubeconfig.ts";

const facts = {
  server: "https://127.0.0.1:1",
  authorityPem: "PEM",
  user: "admin",
  token: "secret",
};

t.test("formatKubeconfig() names server, authority and token under one context", async (t) => {
  const config = parse(formatKubeconfig(facts));
  t.match(config, {
    kind: "Config",
    "current-context": "clrk",
    clusters: [
      {
        name: "clrk",
        cluster: { server: "https://127.0.0.1:1", "certificate-authority-data": "UEVN" },
      },
    ],
    users: [{ name: "clrk-admin", user: { token: "secret" } }],
    contexts: [
      { name: "clrk", context: { cluster: "clrk", user: "clrk-admin", namespace: "default" } },
    ],
  });
});

t.test("writeKubeconfig() replaces a file, whoever could read it before", async (t) => {
  const file = join(t.testdir(), "kubeconfig");
  writeFileSync(file, "old");
  chmodSync(file, 0o644);
  await writeKubeconfig(file, facts);
  t.equal(readFileSync(file, "utf8"), formatKubeconfig(facts));
  t.equal(statSync(file).mode & 0o777, 0o600);
});
