/** The trust store as the JDK itself reads it, and which commands are taken for Java. */
import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { promisify } from "node:util";
import t from "tap";
import { agentEnvironment, javaCredentialOptions } from "./agent-environment.ts";
import {
  createJavaTrustStore,
  encodeJavaTrustStore,
  isJavaCommand,
  javaTrustStorePassword,
  withoutWrappers,
} from "./java-trust-store.ts";
import { hasProgram, originHost, startProxiedOrigin } from "./testdata/proxied-origin.ts";

const run = promisify(execFile);
const roots = rootCertificates.slice(0, 3);

async function temporaryDirectory(t: {
  teardown(clean: () => Promise<void>): void;
}): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "clrk-java-"));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function writeBundle(directory: string, text: string): Promise<string> {
  const bundlePath = join(directory, "bundle.pem");
  await writeFile(bundlePath, text);
  return bundlePath;
}

const needsKeytool = (await hasProgram("keytool", "-help")) ? false : "needs java";
const needsJava =
  (await hasProgram("javac", "-version")) && (await hasProgram("openssl", "version"))
    ? false
    : "needs java";

t.test(
  "createJavaTrustStore() writes what keytool lists as trusted entries",
  { skip: needsKeytool },
  async (t) => {
    const directory = await temporaryDirectory(t);
    const bundlePath = await writeBundle(directory, rootCertificates.join("\n"));
    const path = await createJavaTrustStore({ bundlePath, directory });
    const { stdout } = await run("keytool", [
      "-list",
      "-keystore",
      path,
      "-storepass",
      javaTrustStorePassword,
    ]);
    const listed = new Set(stdout.match(/(?:[0-9A-F]{2}:){31}[0-9A-F]{2}/g));
    const expected = new Set(
      rootCertificates.map((pem) => new X509Certificate(pem).fingerprint256),
    );
    t.strictSame([...listed].sort(), [...expected].sort());
    t.equal(stdout.match(/trustedCertEntry/g)?.length, expected.size);
  },
);

t.test("createJavaTrustStore() names the store after its bundle and writes it once", async (t) => {
  const directory = await temporaryDirectory(t);
  const cache = join(directory, "new", "cache");
  const bundlePath = await writeBundle(directory, roots.join("\n"));
  const path = await createJavaTrustStore({ bundlePath, directory: cache });
  await utimes(path, 1, 1);
  t.equal(await createJavaTrustStore({ bundlePath, directory: cache }), path);
  t.equal((await stat(path)).mtimeMs, 1000, "not written again");
  await writeBundle(directory, roots.slice(1).join("\n"));
  t.not(await createJavaTrustStore({ bundlePath, directory: cache }), path);
});

t.test("createJavaTrustStore() leaves one whole file when several ask at once", async (t) => {
  const directory = await temporaryDirectory(t);
  const bundlePath = await writeBundle(directory, roots.join("\n"));
  const cache = join(directory, "cache");
  const ask = () => createJavaTrustStore({ bundlePath, directory: cache });
  const paths = await Promise.all([ask(), ask(), ask(), ask()]);
  t.equal(new Set(paths).size, 1);
  t.equal((await readdir(cache)).length, 1);
  const expected = encodeJavaTrustStore(roots.map((pem) => new X509Certificate(pem)));
  t.ok((await readFile(paths[0])).equals(expected));
});

t.test(
  "createJavaTrustStore() leaves nothing behind when it cannot publish the file",
  async (t) => {
    const directory = await temporaryDirectory(t);
    const bundlePath = await writeBundle(directory, roots.join("\n"));
    const path = await createJavaTrustStore({ bundlePath, directory });
    await rm(path);
    await mkdir(path);
    await t.rejects(createJavaTrustStore({ bundlePath, directory }), { code: "EISDIR" });
    t.strictSame(
      (await readdir(directory)).filter((name) => name.endsWith(".tmp")),
      [],
    );
  },
);

t.test("createJavaTrustStore() rejects a missing bundle", async (t) => {
  const directory = await temporaryDirectory(t);
  const bundlePath = join(directory, "none.pem");
  await t.rejects(createJavaTrustStore({ bundlePath, directory }), { code: "ENOENT" });
});

for (const { name, text, message } of [
  { name: "an empty bundle", text: "", message: 'from "BUNDLE": it holds no certificate' },
  { name: "text", text: "hello", message: 'from "BUNDLE": it holds no certificate' },
  {
    name: "a key only",
    text: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    message: 'from "BUNDLE": it holds no certificate',
  },
  {
    name: "a broken certificate",
    text: `${roots[0]}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
    message: 'from "BUNDLE": certificate 2 is not valid X.509',
  },
]) {
  t.test(`createJavaTrustStore() rejects ${name} and writes nothing`, async (t) => {
    const directory = await temporaryDirectory(t);
    const bundlePath = await writeBundle(directory, text);
    await t.rejects(createJavaTrustStore({ bundlePath, directory }), {
      message: `Cannot create a Java trust store ${message.replace("BUNDLE", bundlePath)}`,
    });
    t.strictSame(await readdir(directory), ["bundle.pem"]);
  });
}

t.test("encodeJavaTrustStore() writes a repeated certificate once", async (t) => {
  const [first, second] = roots.map((pem) => new X509Certificate(pem));
  if (first === undefined || second === undefined)
    throw new Error("Cannot test: Node has no roots");
  t.same(encodeJavaTrustStore([first, second, first]), encodeJavaTrustStore([first, second]));
});

// Reads the credential from the properties, as Gradle and coursier do; the JDK's own client does not by itself.
const clientSource = `
import java.net.*;
public class Client {
  public static void main(String[] arguments) throws Exception {
    if (arguments.length > 1) Authenticator.setDefault(new Authenticator() {
      protected PasswordAuthentication getPasswordAuthentication() {
        return new PasswordAuthentication(System.getProperty("https.proxyUser"), System.getProperty("https.proxyPassword").toCharArray());
      }
    });
    try {
      System.out.print(new String(new URL(arguments[0]).openStream().readAllBytes()));
    } catch (java.io.IOException error) {
      System.out.print(error.getMessage());
    }
  }
}`;

t.test("a Java TLS client under agentEnvironment()", { skip: needsJava }, async (t) => {
  const origin = await startProxiedOrigin((_, response) => response.end("over TLS"));
  t.teardown(() => origin.close());
  const { directory } = origin;
  await writeFile(join(directory, "Client.java"), clientSource);
  await run("javac", ["-d", directory, join(directory, "Client.java")]);
  const javaCredentialsFile = join(directory, "credentials with blanks");
  await writeFile(javaCredentialsFile, javaCredentialOptions(origin.proxyUrl));
  const { environment } = agentEnvironment({
    userEnvironment: { PATH: process.env["PATH"] },
    proxyUrl: origin.proxyUrl,
    bundlePath: origin.authorityFile,
    hashedDirectory: directory,
    javaTrustStore: await createJavaTrustStore({ bundlePath: origin.authorityFile, directory }),
    javaCredentialsFile,
    noProxy: [],
  });
  const fetch = (...options: string[]) =>
    run("java", ["-cp", directory, "Client", ...options], { env: environment });

  t.test("gets through the tunnel and verifies the origin", async (t) => {
    const { stdout, stderr } = await fetch(`https://${originHost}/`, "with-authenticator");
    t.equal(stdout, "over TLS");
    t.match(stderr, /^Picked up JAVA_TOOL_OPTIONS: /m);
    t.notMatch(stderr, /t0ken/, "the JVM prints the variables, so the credential is in neither");
    t.equal(origin.asked.at(-1), `CONNECT ${originHost}:443`);
  });

  t.test("is asked for a credential when the program has no Authenticator", async (t) => {
    const { stdout } = await fetch(`https://${originHost}/`);
    t.match(stdout, /Unable to tunnel through proxy\. Proxy returns "HTTP\/1\.1 407/);
  });

  t.test("sends localhost to the proxy too when no host is reached directly", async (t) => {
    await fetch("https://localhost/", "with-authenticator");
    t.equal(origin.asked.at(-1), "CONNECT localhost:443");
  });
});

for (const argv of [
  ["java", "-jar", "agent.jar"],
  ["/usr/lib/jvm/java-17/bin/java", "Agent"],
  ["./mvnw", "exec:java"],
  ["gradlew.bat"],
  ["java.exe", "X"],
  ["./agent.jar"],
  ["env", "A=1", "B_2=x", "java", "X"],
  ["nice", "-n", "5", "sbt", "run"],
  ["nohup", "gradle", "run"],
  ["timeout", "10s", "kotlin", "a.kt"],
]) {
  t.test(`isJavaCommand() takes "${argv.join(" ")}" for Java`, async (t) => {
    t.equal(isJavaCommand(argv), true);
  });
}

for (const argv of [
  [],
  [""],
  ["node", "java.js"],
  ["javascript-runner"],
  ["python", "agent.py", "java"],
  ["ls", "agent.jar"],
  ["env", "JAVA_HOME=/x", "python"],
  ["env"],
  ["bash", "-c", "java -jar x.jar"],
]) {
  t.test(`isJavaCommand() does not take ${JSON.stringify(argv)} for Java`, async (t) => {
    t.equal(isJavaCommand(argv), false);
  });
}

t.test("withoutWrappers() leaves the command and its arguments", async (t) => {
  const argv = ["env", "-i", "A=1", "nice", "-n", "5", "node", "-e", "env"];
  t.strictSame(withoutWrappers(argv), ["node", "-e", "env"]);
  t.strictSame(withoutWrappers(["node", "env"]), ["node", "env"]);
  t.strictSame(withoutWrappers(["env", "A=1"]), []);
});
