/** Tests of reading kubeconfigs: ours, kubectl's, and what is refused. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { formatKubeconfig } from "../apiserver/kubeconfig.ts";
import { readKubeconfig } from "./kubeconfig-file.ts";

function yamlConfig(parts: { cluster?: string; user?: string; context?: string } = {}): string {
  const { cluster = "server: https://10.0.0.1:6443/", user = "token: secret-token" } = parts;
  return `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {${cluster}}}]
users: [{name: u, user: {${user}}}]
contexts: [{name: work, context: {cluster: c, user: u${parts.context ?? ""}}}]
current-context: work
`;
}

t.test("readKubeconfig() reads what the control process writes", async (t) => {
  const file = join(t.testdir(), "kubeconfig");
  const facts = {
    server: "https://127.0.0.1:4321",
    authorityPem: "PEM",
    user: "admin",
    token: "t",
  };
  writeFileSync(file, formatKubeconfig(facts));
  const config = await readKubeconfig([file]);
  t.equal(config.currentContext, "clrk");
  t.strictSame(await config.open("clrk"), {
    server: "https://127.0.0.1:4321",
    authorityPem: "PEM",
    token: "t",
    context: "clrk",
    namespace: "default",
    file,
  });
});

t.test("readKubeconfig() reads YAML, and files beside it", async (t) => {
  const folder = t.testdir();
  mkdirSync(join(folder, "pki"));
  for (const name of ["ca", "cert", "key"]) writeFileSync(join(folder, "pki", name), name);
  writeFileSync(join(folder, "token"), "from-file\n");
  const file = join(folder, "config");
  writeFileSync(
    file,
    yamlConfig({
      cluster:
        "server: https://10.0.0.1:6443/, certificate-authority: pki/ca, tls-server-name: api",
      user: "client-certificate: pki/cert, client-key: pki/key, tokenFile: token",
      context: ", namespace: agents",
    }),
  );
  const config = await readKubeconfig([join(folder, "none"), file]);
  t.strictSame(config.files, [file]);
  t.match(config.contexts, [{ name: "work", cluster: "c", user: "u", namespace: "agents", file }]);
  t.strictSame(await config.open("work"), {
    server: "https://10.0.0.1:6443",
    authorityPem: "ca",
    tlsServerName: "api",
    token: "from-file",
    clientCertificate: { chainPem: "cert", keyPem: "key" },
    context: "work",
    namespace: "agents",
    file,
  });
});

t.test("readKubeconfig() takes the first of two entries, as kubectl does", async (t) => {
  const folder = t.testdir();
  const [first, second] = [join(folder, "1"), join(folder, "2")];
  writeFileSync(first, yamlConfig({ user: "token: one" }));
  writeFileSync(
    second,
    `${yamlConfig({ user: "token: two" })}`.replace("name: work", "name: more"),
  );
  const config = await readKubeconfig([first, second]);
  t.strictSame(
    config.contexts.map(({ name }) => name),
    ["work", "more"],
  );
  t.match(await config.open("more"), { token: "one" });
});

for (const { name, text, problem } of [
  { name: "what is no YAML", text: "token: 'secret-token", problem: /it is neither JSON nor YAML/ },
  { name: "a list", text: "[1]", problem: /it is no kubeconfig/ },
  {
    name: "a plugin that makes tokens",
    text: yamlConfig({ user: "exec: {command: aws}" }),
    problem: /it uses "exec", which clrk does not support\nWanted: a token or a client certificate/,
  },
  {
    name: "a server that is not checked",
    text: yamlConfig({ cluster: "server: https://a, insecure-skip-tls-verify: true" }),
    problem: /it uses "insecure-skip-tls-verify"/,
  },
  {
    name: "a proxy",
    text: yamlConfig({ cluster: "server: https://a, proxy-url: http://b" }),
    problem: /it uses "proxy-url"/,
  },
  {
    name: "a server without TLS",
    text: yamlConfig({ cluster: "server: http://10.0.0.1" }),
    problem: /its server is "http:\/\/10\.0\.0\.1", wanted https:\/\/HOST:PORT/,
  },
  {
    name: "a server whose path acts on terminals",
    text: yamlConfig({ cluster: '"server": "https://a/\\u202e\\x1b[2J"' }),
    problem: /its server is "https:\/\/a\/\\u202e\\x1b\[2J", wanted https:\/\/HOST:PORT/,
  },
  {
    name: "a server that fills the screen",
    text: yamlConfig({ cluster: `server: https://a/${"x".repeat(5_000)}` }),
    problem: /its server is "https:\/\/a\/x{190}", wanted https:\/\/HOST:PORT/,
  },
  {
    name: "a certificate without its key",
    text: yamlConfig({ user: "client-certificate-data: YQ==" }),
    problem: /a user has one of client certificate and key, wanted both/,
  },
  {
    name: "a file that is not there",
    text: yamlConfig({ user: "tokenFile: none" }),
    problem: /it names "none", which cannot be read/,
  },
  {
    name: "a token that would break a header",
    text: yamlConfig({ user: '"token": "secret-token\\nx: y"' }),
    problem: /a token has a blank or control/,
  },
  {
    name: "a cluster that is missing",
    text: yamlConfig().replace("name: c,", "name: d,"),
    problem: /context "work" names cluster "c", which it does not have/,
  },
  {
    name: "a user that is missing",
    text: yamlConfig().replace("name: u,", "name: v,"),
    problem: /context "work" names user "u", which it does not have/,
  },
  {
    name: "a file that is too large",
    text: `#${"x".repeat(4 * 1024 * 1024)}`,
    problem: /it has 4194305 bytes, at most 4194304/,
  },
]) {
  t.test(`readKubeconfig() refuses ${name}, and quotes no secret`, async (t) => {
    const file = join(t.testdir(), "config");
    writeFileSync(file, text);
    const opened = readKubeconfig([file]).then((config) => config.open("work"));
    const error = await opened.then(
      () => undefined,
      (reason: Error) => reason,
    );
    t.match(error?.message, problem);
    t.match(error?.message, /^Cannot use kubeconfig "/);
    t.notMatch(error?.message, /secret-token/);
  });
}

t.test("readKubeconfig() knows no context that is in no file", async (t) => {
  const config = await readKubeconfig([join(t.testdir(), "none")]);
  t.match(config, { files: [], contexts: [], currentContext: "" });
  await t.rejects(config.open("\u001b[2Jx"), {
    message: 'Cannot find context "\\x1b[2Jx": no kubeconfig has it\nSee all: clrk context list',
  });
});
