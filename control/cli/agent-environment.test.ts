/** What a command behind the proxy sees in its environment, and what it must not. */
import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import t from "tap";
import {
  agentEnvironment,
  defaultNoProxy,
  extraRoots,
  javaCredentialOptions,
  javaOptions,
} from "./agent-environment.ts";
import type { AgentEnvironmentOptions } from "./agent-environment.ts";
import { hasProgram, originHost, startProxiedOrigin } from "./testdata/proxied-origin.ts";

const proxyUrl = "http://researcher:t0ken@127.0.0.1:41879";

function environmentWith(options: Partial<AgentEnvironmentOptions> = {}) {
  return agentEnvironment({
    userEnvironment: {},
    proxyUrl,
    bundlePath: "/run/clrk/bundle.pem",
    hashedDirectory: "/run/clrk/hashed",
    noProxy: defaultNoProxy,
    ...options,
  });
}

const hasOpenssl = await hasProgram("openssl", "version");

t.test("agentEnvironment() sets every variable that clients read", async (t) => {
  t.strictSame(environmentWith().environment, {
    HTTP_PROXY: proxyUrl,
    HTTPS_PROXY: proxyUrl,
    ALL_PROXY: proxyUrl,
    http_proxy: proxyUrl,
    https_proxy: proxyUrl,
    all_proxy: proxyUrl,
    NO_PROXY: "localhost,127.0.0.1,::1",
    no_proxy: "localhost,127.0.0.1,::1",
    NODE_USE_ENV_PROXY: "1",
    GIT_HTTP_PROXY_AUTHMETHOD: "basic",
    SSL_CERT_FILE: "/run/clrk/bundle.pem",
    SSL_CERT_DIR: "/run/clrk/hashed",
    REQUESTS_CA_BUNDLE: "/run/clrk/bundle.pem",
    CURL_CA_BUNDLE: "/run/clrk/bundle.pem",
    NODE_EXTRA_CA_CERTS: "/run/clrk/bundle.pem",
    GIT_SSL_CAINFO: "/run/clrk/bundle.pem",
    AWS_CA_BUNDLE: "/run/clrk/bundle.pem",
    PIP_CERT: "/run/clrk/bundle.pem",
    DENO_CERT: "/run/clrk/bundle.pem",
    CARGO_HTTP_CAINFO: "/run/clrk/bundle.pem",
    CODEX_CA_CERTIFICATE: "/run/clrk/bundle.pem",
    GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: "/run/clrk/bundle.pem",
  });
});

t.test(
  "agentEnvironment() keeps what is not its business and leaves out undefined values",
  async (t) => {
    const { environment, replaced } = environmentWith({
      userEnvironment: {
        PATH: "/bin",
        GOPROXY: "off",
        EMPTY: "",
        OPENAI_API_KEY: "k",
        GONE: undefined,
      },
    });
    t.match(environment, { PATH: "/bin", GOPROXY: "off", EMPTY: "", OPENAI_API_KEY: "k" });
    t.notOk(Object.hasOwn(environment, "GONE"));
    t.strictSame(replaced, []);
  },
);

t.test("agentEnvironment() does not change the user's object", async (t) => {
  const userEnvironment = Object.freeze({ HTTP_PROXY: "http://old:1", NO_PROXY: "*" });
  environmentWith({ userEnvironment });
  t.strictSame(userEnvironment, { HTTP_PROXY: "http://old:1", NO_PROXY: "*" });
});

for (const name of [
  "NO_PROXY",
  "no_proxy",
  "No_Proxy",
  "grpc_proxy",
  "GRPC_PROXY",
  "no_grpc_proxy",
  "WSS_PROXY",
  "ftp_proxy",
  "npm_config_https_proxy",
  "NPM_CONFIG_NOPROXY",
  "PIP_PROXY",
  "CARGO_HTTP_PROXY",
]) {
  t.test(
    `agentEnvironment() removes the user's ${name}, which would lead past the gateway`,
    async (t) => {
      const { environment, replaced } = environmentWith({
        userEnvironment: { [name]: "http://elsewhere:1" },
        noProxy: [],
      });
      t.notOk(Object.hasOwn(environment, name));
      t.strictSame(replaced, [name]);
    },
  );
}

t.test(
  "agentEnvironment() replaces the user's proxies and names them without their values",
  async (t) => {
    const { environment, replaced } = environmentWith({
      userEnvironment: {
        https_proxy: "http://me:secret@corp:3128",
        ALL_PROXY: "socks5://corp",
        NO_PROXY: "*",
      },
    });
    t.equal(environment["https_proxy"], proxyUrl);
    t.equal(environment["ALL_PROXY"], proxyUrl);
    t.equal(environment["NO_PROXY"], "localhost,127.0.0.1,::1");
    t.strictSame(replaced, ["ALL_PROXY", "NO_PROXY", "https_proxy"]);
  },
);

t.test("agentEnvironment() sets no NO_PROXY when nothing is reached directly", async (t) => {
  const { environment } = environmentWith({ noProxy: [] });
  t.notOk(Object.hasOwn(environment, "NO_PROXY"));
  t.notOk(Object.hasOwn(environment, "no_proxy"));
});

t.test(
  "agentEnvironment() reports the user's roots, once each, and never its own bundle",
  async (t) => {
    const { extraRoots: roots, environment } = environmentWith({
      userEnvironment: {
        SSL_CERT_FILE: "/corp/ca.pem",
        REQUESTS_CA_BUNDLE: "/corp/ca.pem",
        CURL_CA_BUNDLE: "",
        GIT_SSL_CAINFO: "/corp/git.pem",
        NODE_EXTRA_CA_CERTS: "/run/clrk/bundle.pem",
        SSL_CERT_DIR: "/corp/certs::/etc/ssl/certs",
        NIX_SSL_CERT_FILE: "/nix/ca.pem",
      },
    });
    t.strictSame(roots, [
      "/corp/ca.pem",
      "/corp/git.pem",
      "/nix/ca.pem",
      "/corp/certs",
      "/etc/ssl/certs",
    ]);
    t.equal(environment["SSL_CERT_FILE"], "/run/clrk/bundle.pem");
    t.equal(
      environment["NIX_SSL_CERT_FILE"],
      "/run/clrk/bundle.pem",
      "replaced because it was set",
    );
  },
);

t.test("extraRoots() is empty for an environment without trust variables", async (t) => {
  t.strictSame(extraRoots({ PATH: "/bin" }), []);
});

for (const { name, user, preload, expected } of [
  { name: "alone", user: undefined, preload: "/c/p.cjs", expected: '--require="/c/p.cjs"' },
  { name: "empty options", user: " ", preload: "/c/p.cjs", expected: '--require="/c/p.cjs"' },
  {
    name: "before the user's",
    user: "--max-old-space-size=99",
    preload: "/c/p.cjs",
    expected: '--require="/c/p.cjs" --max-old-space-size=99',
  },
  {
    name: "once in a nested run",
    user: '--require="/c/p.cjs" -r x',
    preload: "/c/p.cjs",
    expected: '--require="/c/p.cjs" -r x',
  },
  {
    name: "blanks, quotes and backslashes",
    user: undefined,
    preload: '/a b/"c\\',
    expected: '--require="/a b/\\"c\\\\"',
  },
]) {
  t.test(`agentEnvironment() writes NODE_OPTIONS: ${name}`, async (t) => {
    const { environment } = environmentWith({
      nodePreload: preload,
      userEnvironment: { NODE_OPTIONS: user },
    });
    t.equal(environment["NODE_OPTIONS"], expected);
  });
}

t.test("agentEnvironment() leaves NODE_OPTIONS alone without a preload", async (t) => {
  t.equal(
    environmentWith({ userEnvironment: { NODE_OPTIONS: "-r x" } }).environment["NODE_OPTIONS"],
    "-r x",
  );
});

t.test("agentEnvironment() sets no Java variable for other commands", async (t) => {
  const { environment } = environmentWith({
    userEnvironment: { JAVA_TOOL_OPTIONS: "-Xmx1g" },
    javaCredentialsFile: "/run/clrk/java",
  });
  t.equal(environment["JAVA_TOOL_OPTIONS"], "-Xmx1g");
  t.notOk(Object.hasOwn(environment, "JDK_JAVA_OPTIONS"));
});

t.test(
  "agentEnvironment() appends the Java options and keeps the credential out of what the JVM prints",
  async (t) => {
    const { environment } = environmentWith({
      userEnvironment: { JAVA_TOOL_OPTIONS: "-Xmx1g" },
      javaTrustStore: "/run/a b/trust.p12",
      javaCredentialsFile: "/run/clrk/java",
    });
    t.equal(
      environment["JAVA_TOOL_OPTIONS"],
      "-Xmx1g -Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort=41879 -Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=41879 " +
        "-Dhttp.nonProxyHosts=localhost|127.0.0.1|[::1] " +
        '"-Djavax.net.ssl.trustStore=/run/a b/trust.p12" ' +
        "-Djavax.net.ssl.trustStoreType=PKCS12 -Djavax.net.ssl.trustStorePassword=changeit " +
        "-Djdk.http.auth.tunneling.disabledSchemes= -Djdk.http.auth.proxying.disabledSchemes=",
    );
    t.equal(environment["JDK_JAVA_OPTIONS"], "@/run/clrk/java");
    t.notMatch(environment["JAVA_TOOL_OPTIONS"], /t0ken/);
  },
);

t.test("agentEnvironment() quotes for Java as far as Java can", async (t) => {
  const options = (javaTrustStore: string) =>
    environmentWith({ javaTrustStore }).environment["JAVA_TOOL_OPTIONS"];
  t.match(options(`/it's/t.p12`), `"-Djavax.net.ssl.trustStore=/it's/t.p12"`);
  t.match(options(`/a"b/t.p12`), `'-Djavax.net.ssl.trustStore=/a"b/t.p12'`);
  t.throws(() => options(`/a"b'c/t.p12`), {
    name: "TypeError",
    message: "Cannot write JAVA_TOOL_OPTIONS: a path holds both kinds of quotes",
  });
});

t.test("javaOptions() translates the hosts reached directly", async (t) => {
  const hosts = (noProxy: readonly string[]) =>
    javaOptions({ proxyUrl, trustStore: "/t", noProxy }).find((option) =>
      option.includes("nonProxyHosts"),
    );
  t.equal(hosts([]), "-Dhttp.nonProxyHosts=", "given but empty: Java's own exceptions are off");
  t.equal(
    hosts([".corp.example", "::1", "10.0.0.0/8"]),
    "-Dhttp.nonProxyHosts=*.corp.example|[::1]",
  );
});

t.test("javaOptions() writes an IPv6 proxy without brackets, and the default port", async (t) => {
  const options = javaOptions({ proxyUrl: "http://[::1]", trustStore: "/t", noProxy: [] });
  t.ok(options.includes("-Dhttps.proxyHost=::1"));
  t.ok(options.includes("-Dhttps.proxyPort=80"));
});

t.test("javaCredentialOptions() decodes and quotes the credential", async (t) => {
  t.equal(
    javaCredentialOptions("http://a%40b:p%22%5C%20w@127.0.0.1:1"),
    [
      '"-Dhttp.proxyUser=a@b"',
      '"-Dhttp.proxyPassword=p\\"\\\\ w"',
      '"-Dhttps.proxyUser=a@b"',
      '"-Dhttps.proxyPassword=p\\"\\\\ w"',
      "",
    ].join("\n"),
  );
  t.equal(javaCredentialOptions("http://127.0.0.1:1"), "");
});

for (const { name, url } of [
  { name: "no URL", url: "researcher:t0ken@127.0.0.1" },
  { name: "https", url: "https://researcher:t0ken@127.0.0.1:1" },
  { name: "socks", url: "socks5://researcher:t0ken@127.0.0.1:1" },
  { name: "empty", url: "" },
]) {
  t.test(`agentEnvironment() rejects a proxy address: ${name}, without repeating it`, async (t) => {
    t.throws(() => environmentWith({ proxyUrl: url }), {
      name: "TypeError",
      message: "Cannot set the proxy: its address must be an http:// URL with a host",
    });
  });
}

for (const { name, command } of [
  { name: "curl", command: ["curl", "-sS", `https://${originHost}/`] },
  {
    name: "Python's urllib",
    command: [
      "python3",
      "-c",
      `import urllib.request; print(urllib.request.urlopen("https://${originHost}/").read().decode())`,
    ],
  },
  {
    name: "this Node",
    command: [
      process.execPath,
      "-e",
      `fetch("https://${originHost}/").then((response) => response.text()).then(console.log)`,
    ],
  },
  {
    name: "git",
    command: ["git", "ls-remote", `https://${originHost}/x.git`],
  },
]) {
  const [program = "", ...rest] = command;
  const isHere = await hasProgram(program, "--version");
  const skip = !hasOpenssl ? "needs openssl" : isHere ? false : `needs ${program}`;
  t.test(
    `${name} under agentEnvironment() goes through the proxy and trusts the bundle`,
    { skip },
    async (t) => {
      const origin = await startProxiedOrigin((request, response) => {
        const isGit = request.url?.includes("service=git-upload-pack") === true;
        response.end(isGit ? `${"a".repeat(40)}\tHEAD\n` : "over TLS");
      });
      t.teardown(() => origin.close());
      const hashedDirectory = join(origin.directory, "hashed");
      await mkdir(hashedDirectory);
      const { environment } = environmentWith({
        userEnvironment: { ...process.env, NO_PROXY: "*", NODE_OPTIONS: undefined },
        proxyUrl: origin.proxyUrl,
        bundlePath: origin.authorityFile,
        hashedDirectory,
      });
      const { stdout } = await promisify(execFile)(program, rest, { env: environment });
      t.match(stdout, /over TLS|HEAD/);
      t.strictSame(origin.asked, [`CONNECT ${originHost}:443`]);
    },
  );
}
