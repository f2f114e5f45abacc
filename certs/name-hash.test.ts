/** The subject hash with openssl as oracle: every string type, every public root. */
import { Buffer } from "node:buffer";
import { mkdtemp, readdir, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates } from "node:tls";
import t from "tap";
import { ClrkError } from "../gateway/errors.ts";
import {
  computeKeyId,
  encodeBasicConstraints,
  encodeName,
  signCertificate,
} from "./certificate.ts";
import { decodeCertificate } from "./decode-certificate.ts";
import { encodeElement, encodeOid, encodeSequence, encodeSet } from "./der.ts";
import { computeNameHash } from "./name-hash.ts";
import { encodePem, parsePem } from "./pem.ts";
import { createIssuer } from "./testdata/create-issuer.ts";
import { needs, runTool } from "./testdata/run-tool.ts";

const PRINTABLE = 0x13;
const T61 = 0x14;
const IA5 = 0x16;
const UTF8 = 0x0c;
const BMP = 0x1e;
const UNIVERSAL = 0x1c;
const NUMERIC = 0x12;

function attribute(oid: string, tag: number, octets: Uint8Array | string): Buffer {
  return encodeSequence(encodeOid(oid), encodeElement(tag, Buffer.from(octets)));
}

function utf16(text: string): Buffer {
  return Buffer.from(text, "utf16le").swap16();
}

const cn = "2.5.4.3";
const names = [
  { name: "empty", der: encodeSequence() },
  {
    name: "UTF8String",
    der: encodeName({ organization: "CLRK", commonName: "EgressGateway a/b" }),
  },
  {
    name: "spaces and case",
    der: encodeSequence(encodeSet(attribute(cn, PRINTABLE, "  Two   Words\t\n "))),
  },
  { name: "only spaces", der: encodeSequence(encodeSet(attribute(cn, PRINTABLE, "   "))) },
  {
    name: "not ASCII keeps its case",
    der: encodeSequence(encodeSet(attribute(cn, UTF8, "É É\u00a0X"))),
  },
  {
    name: "T61String",
    der: encodeSequence(encodeSet(attribute(cn, T61, Buffer.from("Zürich", "latin1")))),
  },
  {
    name: "IA5String",
    der: encodeSequence(encodeSet(attribute("1.2.840.113549.1.9.1", IA5, "Me@Example.COM"))),
  },
  { name: "BMPString", der: encodeSequence(encodeSet(attribute(cn, BMP, utf16("Ab Ω")))) },
  {
    name: "UniversalString",
    der: encodeSequence(
      encodeSet(attribute(cn, UNIVERSAL, Uint8Array.of(0, 0, 0, 65, 0, 1, 0xf6, 0))),
    ),
  },
  {
    name: "NumericString is not folded",
    der: encodeSequence(encodeSet(attribute("2.5.4.5", NUMERIC, "1  2"))),
  },
  {
    name: "RDN of several values, which sort differently when folded",
    der: encodeSequence(encodeSet(attribute(cn, PRINTABLE, "B"), attribute(cn, PRINTABLE, "a"))),
  },
];

/** `openssl x509 -hash` wants a whole certificate around the name. */
function certificateWith(name: Uint8Array): string {
  const issuer = createIssuer();
  const publicKey = Buffer.from("3059301306072a8648ce3d020106082a8648ce3d030107034200", "hex");
  const jwk = issuer.privateKey.export({ format: "jwk" });
  const point = Buffer.concat([
    Uint8Array.of(4),
    Buffer.from(jwk.x ?? "", "base64url"),
    Buffer.from(jwk.y ?? "", "base64url"),
  ]);
  const spki = Buffer.concat([publicKey, point]);
  if (!computeKeyId(spki).equals(issuer.keyId)) throw new Error("key does not match");
  const { der } = signCertificate(
    {
      issuer: issuer.subject,
      subject: name,
      notBeforeMs: issuer.notBeforeMs,
      notAfterMs: issuer.notAfterMs,
      publicKey: spki,
      extensions: [encodeBasicConstraints("leaf")],
    },
    issuer.privateKey,
  );
  return encodePem("CERTIFICATE", der);
}

t.test(
  "computeNameHash() agrees with openssl x509 -hash for every string type",
  { skip: needs("openssl") },
  async (t) => {
    for (const { name, der } of names) {
      const { output } = await runTool(
        "openssl",
        ["x509", "-noout", "-hash"],
        certificateWith(der),
      );
      t.equal(computeNameHash(der), output.trim(), name);
    }
  },
);

t.test(
  "computeNameHash() agrees with openssl rehash for all public roots",
  { skip: needs("openssl") },
  async (t) => {
    const directory = await realpath(await mkdtemp(join(tmpdir(), "clrk-hash-")));
    t.teardown(() => rm(directory, { recursive: true, force: true }));
    const hashes = new Set<string>();
    for (const [index, pem] of getCACertificates("bundled").entries()) {
      await writeFile(join(directory, `root-${index}.pem`), pem);
      const [block] = parsePem(pem);
      hashes.add(computeNameHash(decodeCertificate(block?.der ?? Buffer.alloc(0)).subject));
    }
    const { code, output } = await runTool("openssl", ["rehash", directory]);
    t.equal(code, 0, output);
    const links = (await readdir(directory)).filter((file) => /^[0-9a-f]{8}\.\d+$/.test(file));
    t.same(new Set(links.map((link) => link.slice(0, 8))), hashes);
  },
);

t.test("computeNameHash() does not depend on openssl being there", (t) => {
  const hashOf = (index: number) => computeNameHash(names[index]?.der ?? Buffer.alloc(0));
  const folded = encodeSequence(encodeSet(attribute(cn, UTF8, "two words")));
  t.equal(hashOf(2), computeNameHash(folded), "names that match have the same hash");
  t.not(hashOf(2), hashOf(3));
  t.match(hashOf(0), /^[0-9a-f]{8}$/);
  t.end();
});

t.test("computeNameHash() rejects what is not a Name", (t) => {
  const cases = [
    { name: "nothing", der: Buffer.alloc(0), message: "Cannot read DER: input ends at offset 0" },
    {
      name: "a SET",
      der: encodeSet(),
      message: "Cannot read DER: tag at offset 0 is 0x31, wanted 0x30",
    },
    {
      name: "RDN of another type",
      der: encodeSequence(encodeSequence()),
      message: "Cannot hash name: an RDN is not a SET",
    },
    {
      name: "attribute of another type",
      der: encodeSequence(encodeSet(encodeSet())),
      message: "Cannot hash name: an attribute is not a type and a value",
    },
    {
      name: "attribute without value",
      der: encodeSequence(encodeSet(encodeSequence(encodeOid(cn)))),
      message: "Cannot hash name: an attribute is not a type and a value",
    },
    {
      name: "beyond Unicode",
      der: encodeSequence(encodeSet(attribute(cn, UNIVERSAL, Uint8Array.of(0, 0x11, 0, 0)))),
      message: "Cannot hash name: a string has a character beyond U+10FFFF",
    },
  ];
  for (const { name, der, message } of cases) {
    t.throws(() => computeNameHash(der), new ClrkError("CLRK_MALFORMED_MESSAGE", message), name);
  }
  t.end();
});
