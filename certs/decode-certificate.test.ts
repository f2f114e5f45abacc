/** Certificates of others are decoded exactly or refused, wherever they are damaged. */
import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { getCACertificates } from "node:tls";
import t from "tap";
import { ClrkError } from "../gateway/errors.ts";
import { decodeCertificate } from "./decode-certificate.ts";
import { encodeElement, encodeExplicit, encodeOid, encodeSequence } from "./der.ts";
import { parsePem } from "./pem.ts";
import { createIssuer } from "./testdata/create-issuer.ts";

t.test("decodeCertificate() finds subject, issuer and key identifier", (t) => {
  const issuer = createIssuer();
  const fields = decodeCertificate(new X509Certificate(issuer.certificatePem).raw);
  t.same(Buffer.from(fields.subject), Buffer.from(issuer.subject));
  t.same(Buffer.from(fields.issuer), Buffer.from(issuer.subject));
  t.same(fields.subjectKeyId && Buffer.from(fields.subjectKeyId), Buffer.from(issuer.keyId));
  t.end();
});

t.test("decodeCertificate() reads every public root of this Node", (t) => {
  const roots = getCACertificates("bundled");
  for (const pem of roots) {
    const [block] = parsePem(pem);
    const fields = decodeCertificate(block?.der ?? Buffer.alloc(0));
    // A root signs itself, so both names are the same bytes.
    if (!Buffer.from(fields.subject).equals(fields.issuer)) t.fail(pem);
  }
  t.ok(roots.length > 50, `${roots.length} roots`);
  t.end();
});

t.test("decodeCertificate() rejects what is not a certificate", (t) => {
  const empty = encodeSequence();
  const number = encodeElement(0x02, Uint8Array.of(1));
  const missing = (field: string) => `Cannot decode certificate: ${field} is missing or malformed`;
  const withExtension = (...extension: Uint8Array[]) =>
    encodeSequence(
      encodeSequence(
        number,
        empty,
        empty,
        empty,
        empty,
        empty,
        encodeExplicit(3, encodeSequence(encodeSequence(encodeOid("2.5.29.14"), ...extension))),
      ),
    );
  const cases = [
    { name: "nothing", der: Buffer.alloc(0), message: "Cannot read DER: input ends at offset 0" },
    {
      name: "no SEQUENCE",
      der: number,
      message: "Cannot read DER: tag at offset 0 is 0x2, wanted 0x30",
    },
    { name: "empty", der: empty, message: missing("tbsCertificate") },
    { name: "no TBS", der: encodeSequence(number), message: missing("tbsCertificate") },
    { name: "no fields", der: encodeSequence(empty), message: missing("issuer") },
    {
      name: "issuer of another type",
      der: encodeSequence(encodeSequence(number, empty, number)),
      message: missing("issuer"),
    },
    {
      name: "no subject",
      der: encodeSequence(encodeSequence(number, empty, empty, empty)),
      message: missing("subject"),
    },
    { name: "SKI without value", der: withExtension(), message: missing("subjectKeyIdentifier") },
    {
      name: "SKI of another type",
      der: withExtension(number),
      message: missing("subjectKeyIdentifier"),
    },
  ];
  for (const { name, der, message } of cases) {
    t.throws(() => decodeCertificate(der), new ClrkError("CLRK_MALFORMED_MESSAGE", message), name);
  }
  t.end();
});

t.test(
  "decodeCertificate() only ever throws ClrkError, wherever a certificate is cut or damaged",
  (t) => {
    const { raw } = new X509Certificate(createIssuer().certificatePem);
    for (let at = 0; at < raw.length; at++) {
      const damaged = Buffer.from(raw);
      damaged[at] = (damaged[at] ?? 0) ^ 0xff;
      for (const der of [raw.subarray(0, at), damaged]) {
        try {
          decodeCertificate(der);
        } catch (error) {
          if (!(error instanceof ClrkError)) t.fail(`at ${at}: ${error}`);
        }
      }
    }
    t.pass(`${raw.length} places`);
    t.end();
  },
);
