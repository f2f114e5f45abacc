/**
 * The trust store that a JVM reads instead of PEM files, and whether a command runs one.
 * Written here, byte by byte, instead of through `keytool`: keytool imports one certificate per JVM start
 * (bundles hold about 140), and copying the JDK's own store would lose the user's corporate roots.
 * Invariant: the store holds exactly the certificates of the bundle, and a reader never sees half a file.
 */
import { createHash, randomUUID, X509Certificate } from "node:crypto";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import {
  encodeElement,
  encodeExplicit,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeSet,
  encodeUnsignedInteger,
} from "../../certs/der.ts";
import { parsePem } from "../../certs/pem.ts";

/** The store's password. It protects nothing: the store holds public certificates only and carries no MAC. */
export const javaTrustStorePassword = "changeit";

const OID_DATA = encodeOid("1.2.840.113549.1.7.1");
const OID_CERT_BAG = encodeOid("1.2.840.113549.1.12.10.1.3");
const OID_X509_CERTIFICATE = encodeOid("1.2.840.113549.1.9.22.1");
const OID_FRIENDLY_NAME = encodeOid("1.2.840.113549.1.9.20");
// Oracle's trustedKeyUsage: without it the JDK does not take the entry for a trusted one.
const OID_TRUSTED_KEY_USAGE = encodeOid("2.16.840.1.113894.746875.1.1");
const OID_ANY_EXTENDED_KEY_USAGE = encodeOid("2.5.29.37.0");
const VERSION = encodeUnsignedInteger(Uint8Array.of(3));
const BMP_STRING = 0x1e;

const javaCommands: ReadonlySet<string> = new Set([
  ...["java", "javaw", "jshell", "jbang", "mvn", "mvnw", "mvnd", "gradle", "gradlew", "ant"],
  ...["sbt", "sbtn", "scala", "scala-cli", "amm", "mill", "kotlin", "kotlinc", "groovy"],
  ...["clojure", "clj", "lein", "jruby", "spark-submit", "cs", "coursier"],
]);
// Commands that run the rest of their line.
const wrappers: ReadonlySet<string> = new Set(["env", "exec", "nice", "nohup", "time", "timeout"]);

/**
 * Returns the path of a PKCS#12 trust store with the bundle's certificates, in `directory` (created when
 * missing), named after the hash of the bundle: a store that is already there is reused. Safe to call from
 * several processes at once. Rejects when the bundle cannot be read, holds no certificate, or holds a broken
 * one; leaves no half-written file.
 */
export async function createJavaTrustStore(options: {
  readonly bundlePath: string;
  readonly directory: string;
}): Promise<string> {
  const bundle = await readFile(options.bundlePath, "utf8");
  const hash = createHash("sha256").update(bundle).digest("hex").slice(0, 32);
  const path = join(options.directory, `java-trust-${hash}.p12`);
  const isThere = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  if (isThere) return path;
  const store = encodeJavaTrustStore(parseCertificates(bundle, options.bundlePath));
  await mkdir(options.directory, { recursive: true });
  await publish(path, store);
  return path;
}

async function publish(path: string, content: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, content, { mode: 0o644, flag: "wx" });
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

function parseCertificates(bundle: string, bundlePath: string): X509Certificate[] {
  const blocks = parsePem(bundle).filter(({ label }) => label === "CERTIFICATE");
  if (blocks.length === 0) {
    throw new Error(
      `Cannot create a Java trust store from "${bundlePath}": it holds no certificate`,
    );
  }
  return blocks.map(({ der }, index) => {
    try {
      return new X509Certificate(der);
    } catch (cause) {
      throw new Error(
        `Cannot create a Java trust store from "${bundlePath}": certificate ${index + 1} is not valid X.509`,
        { cause },
      );
    }
  });
}

/**
 * Returns the bytes of a PKCS#12 file (RFC 7292) with one trusted certificate entry each, unencrypted and
 * without a MAC, which every JDK since 8 reads with any password. Duplicates are written once.
 */
export function encodeJavaTrustStore(certificates: readonly X509Certificate[]): Uint8Array {
  const unique = new Map(
    certificates.map((certificate) => [certificate.fingerprint256, certificate]),
  );
  const bags = [...unique.values()].map((certificate, index) => encodeBag(certificate, index));
  const safe = encodeSequence(encodeData(encodeSequence(...bags)));
  return encodeSequence(VERSION, encodeData(safe));
}

function encodeBag(certificate: X509Certificate, index: number): Uint8Array {
  // An alias must be unique; what it says is of no use to the JVM.
  const alias = Buffer.from(`clrk-${index}`, "utf16le").swap16();
  const value = encodeSequence(
    OID_X509_CERTIFICATE,
    encodeExplicit(0, encodeOctetString(certificate.raw)),
  );
  const attributes = encodeSet(
    encodeSequence(OID_FRIENDLY_NAME, encodeSet(encodeElement(BMP_STRING, alias))),
    encodeSequence(OID_TRUSTED_KEY_USAGE, encodeSet(OID_ANY_EXTENDED_KEY_USAGE)),
  );
  return encodeSequence(OID_CERT_BAG, encodeExplicit(0, value), attributes);
}

/** ContentInfo of type `data`: what PKCS#12 calls unencrypted. */
function encodeData(content: Uint8Array): Uint8Array {
  return encodeSequence(OID_DATA, encodeExplicit(0, encodeOctetString(content)));
}

/**
 * Says whether a command line starts a JVM, by its words alone: a known launcher, or a `.jar` as the command,
 * looked for behind `env NAME=value`, `nice`, `nohup` and the like. A JVM behind a script is not seen: that is
 * what `--java` is for. Being wrong costs one line on stderr, `Picked up JAVA_TOOL_OPTIONS: …`, which the JVM
 * prints whenever that variable is set and offers no way to silence.
 */
export function isJavaCommand(argv: readonly string[]): boolean {
  const command = basename(withoutWrappers(argv)[0] ?? "");
  return javaCommands.has(command.replace(/\.(exe|bat|cmd)$/i, "")) || command.endsWith(".jar");
}

/** Returns the command line from its real command on: without `env NAME=value`, `nice -n 5`, `timeout 10s` and the like. */
export function withoutWrappers(argv: readonly string[]): readonly string[] {
  let index = 0;
  while (wrappers.has(basename(argv[index] ?? ""))) {
    index += 1;
    // Options, assignments and numbers of the wrapper.
    while (/^(-|\d|\w+=)/.test(argv[index] ?? "")) index += 1;
  }
  return argv.slice(index);
}
