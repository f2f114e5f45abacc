/** Tests of reading one manifest file from disk. */
import { execFileSync } from "node:child_process";
import { renameSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { maxManifestBytes } from "../manifests.ts";
import { describeReadError, isManifestName, readManifestFile } from "./manifest-file.ts";

const secret = "apiVersion: v1\nkind: Secret\nmetadata: { name: s }\n";

t.test("isManifestName() takes the three endings, and no hidden file", (t) => {
  for (const name of ["a.yaml", "a.yml", "a.json", "A.YAML", "a.b.yaml"]) {
    t.equal(isManifestName(name), true, name);
  }
  for (const name of [".a.yaml", "a.yaml~", "a.yaml.tmp", "yaml", "a.txt", ""]) {
    t.equal(isManifestName(name), false, name);
  }
  t.end();
});

t.test("readManifestFile() parses again only when the content differs", (t) => {
  const path = join(t.testdir({ "a.yaml": secret }), "a.yaml");
  const first = readManifestFile(path, "a.yaml", undefined);
  t.equal(first?.reading.objects.length, 1);
  utimesSync(path, 1, 1);
  const touched = readManifestFile(path, "a.yaml", first);
  t.not(touched?.identity, first?.identity);
  t.equal(touched?.inode, first?.inode);
  t.equal(touched?.reading, first?.reading);
  writeFileSync(`${path}.new`, secret.replace("name: s", "name: t"));
  renameSync(`${path}.new`, path);
  const replaced = readManifestFile(path, "a.yaml", touched);
  t.not(replaced?.inode, first?.inode);
  t.equal(replaced?.reading.objects[0]?.object.metadata.name, "t");
  t.end();
});

t.test("readManifestFile() tells what cannot be read", (t) => {
  const directory = t.testdir({ below: {}, "latin1.yaml": Buffer.from([0x61, 0x3a, 0x20, 0xe9]) });
  writeFileSync(join(directory, "big.yaml"), Buffer.alloc(maxManifestBytes + 1, "#"));
  symlinkSync("loop.yaml", join(directory, "loop.yaml"));
  symlinkSync("nowhere.yaml", join(directory, "dangling.yaml"));
  execFileSync("mkfifo", [join(directory, "pipe.yaml")]);
  const messageOf = (name: string) =>
    readManifestFile(join(directory, name), name, undefined)?.reading.problems[0]?.message;
  t.equal(messageOf("latin1.yaml"), "not text in UTF-8");
  t.equal(messageOf("big.yaml"), "the file has 4194305 bytes, wanted at most 4194304");
  t.equal(messageOf("loop.yaml"), "a symbolic link that leads to itself");
  t.equal(messageOf("pipe.yaml"), "not a regular file");
  t.equal(messageOf("below"), "not a regular file");
  for (const name of ["gone.yaml", "dangling.yaml", "big.yaml/a.yaml"]) {
    t.equal(readManifestFile(join(directory, name), name, undefined), undefined, name);
  }
  t.end();
});

t.test("describeReadError() has a sentence for every code", (t) => {
  t.equal(describeReadError("ENOENT"), "no such file or directory");
  t.equal(describeReadError("EACCES"), "not readable for the user of this process");
  t.equal(describeReadError("EIO"), "cannot be read (EIO)");
  t.equal(describeReadError(undefined), "cannot be read (unknown error)");
  t.end();
});
