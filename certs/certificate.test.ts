/** The X.509 profile, byte by byte and read back by node:crypto. */
import { Buffer } from "node:buffer";
import { createHash, generateKeyPairSync, X509Certificate } from "node:crypto";
import t from "tap";
import {
  computeKeyId,
  encodeAlternativeNames,
  encodeAuthorityKeyId,
  encodeBasicConstraints,
  encodeDnsName,
  encodeKeyUsage,
  encodeName,
  encodeServerAuthUsage,
  encodeSubjectKeyId,
  signCertificate,
} from "./certificate.ts";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const publicKeyDer = publicKey.export({ type: "spki", format: "der" });

function signWith(name: Buffer, extensions: readonly Uint8Array[]) {
  return signCertificate(
    {
      issuer: name,
      subject: name,
      notBeforeMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
      notAfterMs: Date.UTC(2051, 0, 2, 3, 4, 5),
      publicKey: publicKeyDer,
      extensions,
    },
    privateKey,
  );
}

t.test(
  "signCertificate() makes a certificate that another implementation reads and verifies",
  (t) => {
    const name = encodeName({ organization: "CLRK", commonName: "test é" });
    const { der, serialHex } = signWith(name, [encodeBasicConstraints("authority")]);
    const x509 = new X509Certificate(der);
    t.equal(x509.subject, "O=CLRK\nCN=test é");
    t.equal(x509.validFromDate.toISOString(), "2026-01-02T03:04:05.000Z");
    t.equal(x509.validToDate.toISOString(), "2051-01-02T03:04:05.000Z");
    t.equal(x509.serialNumber.toLowerCase(), serialHex);
    t.equal(x509.signatureAlgorithm, "ecdsa-with-SHA256");
    t.ok(x509.verify(publicKey));
    t.ok(x509.ca);
    t.end();
  },
);

t.test("signCertificate() gives positive serials of 16 octets, all different", (t) => {
  const serials = new Set<string>();
  for (let round = 0; round < 300; round++) {
    const { serialHex } = signWith(encodeName({}), [encodeBasicConstraints("leaf")]);
    if (!/^[4-7][0-9a-f]{31}$/.test(serialHex)) t.fail(serialHex);
    serials.add(serialHex);
  }
  t.equal(serials.size, 300);
  t.end();
});

t.test("extensions have the encodings of RFC 5280", (t) => {
  const keyId = Buffer.from("00112233", "hex");
  const cases = [
    {
      name: "CA basicConstraints",
      bytes: encodeBasicConstraints("authority"),
      want: "30120603551d130101ff040830060101ff020100",
    },
    {
      name: "leaf basicConstraints",
      bytes: encodeBasicConstraints("leaf"),
      want: "300c0603551d130101ff04023000",
    },
    {
      name: "CA keyUsage",
      bytes: encodeKeyUsage("authority"),
      want: "300e0603551d0f0101ff040403020106",
    },
    {
      name: "leaf keyUsage",
      bytes: encodeKeyUsage("leaf"),
      want: "300e0603551d0f0101ff040403020780",
    },
    {
      name: "serverAuth",
      bytes: encodeServerAuthUsage(),
      want: "30130603551d25040c300a06082b06010505070301",
    },
    { name: "SKI", bytes: encodeSubjectKeyId(keyId), want: "300d0603551d0e0406040400112233" },
    { name: "AKI", bytes: encodeAuthorityKeyId(keyId), want: "300f0603551d2304083006800400112233" },
    {
      name: "SAN",
      bytes: encodeDnsName("a.b", "optional"),
      want: "300e0603551d11040730058203612e62",
    },
    {
      name: "critical SAN",
      bytes: encodeDnsName("a.b", "critical"),
      want: "30110603551d110101ff040730058203612e62",
    },
  ];
  for (const { name, bytes, want } of cases) t.equal(bytes.toString("hex"), want, name);
  t.end();
});

t.test("encodeName() leaves out what is not given and refuses long common names", (t) => {
  t.equal(encodeName({}).toString("hex"), "3000");
  t.equal(encodeName({ commonName: "a" }).toString("hex"), "300c310a300806035504030c0161");
  t.ok(encodeName({ commonName: "é".repeat(64) }).length > 128, "64 characters, not bytes");
  t.throws(
    () => encodeName({ commonName: "a".repeat(65) }),
    new RangeError("Cannot encode name: common name has 65 characters, wanted at most 64"),
  );
  t.end();
});

t.test("computeKeyId() is the SHA-1 of the uncompressed point", (t) => {
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  const point = Buffer.concat([
    Uint8Array.of(4),
    Buffer.from(x, "base64url"),
    Buffer.from(y, "base64url"),
  ]);
  t.equal(
    computeKeyId(publicKeyDer).toString("hex"),
    createHash("sha1").update(point).digest("hex"),
  );
  t.end();
});

t.test(
  "encodeAlternativeNames() names hosts and addresses, and refuses what is no address",
  async (t) => {
    const names = encodeAlternativeNames({
      names: ["localhost"],
      addresses: ["127.0.0.1", "::1", "fe80::1:2", "2001:db8:0:0:1:0:0:1"],
    });
    const { der } = signWith(encodeName({ commonName: "a" }), [names]);
    const certificate = new X509Certificate(der);
    t.equal(certificate.checkHost("localhost"), "localhost");
    for (const address of ["127.0.0.1", "::1", "fe80::1:2", "2001:db8::1:0:0:1"]) {
      t.ok(certificate.checkIP(address), address);
    }
    t.notOk(certificate.checkIP("::2"));
    for (const address of ["localhost", "1.2.3", "::ffff:1.2.3.4", "1:2:3", ""]) {
      t.throws(
        () => encodeAlternativeNames({ names: [], addresses: [address] }),
        RangeError,
        address,
      );
    }
  },
);
