/** Paths that may be mounted, and those that would cover what a sandbox or a worker needs. */
import { sandboxMountPathFormat, workerMountPathFormat } from "./mount-path.ts";
import { testReads, testRefused } from "./testdata/format-cases.ts";

testReads(sandboxMountPathFormat, ["/data", "/var/clrk/state", "/run/clrk", "/etcetera", "/a/..b"]);

testRefused(sandboxMountPathFormat, [
  ["", 'it does not begin with "/"'],
  ["data", 'it does not begin with "/"'],
  ["/", "it is the root"],
  ["/data/", 'it has an empty segment, a "." or a ".."'],
  ["/a//b", 'it has an empty segment, a "." or a ".."'],
  ["/a/../etc", 'it has an empty segment, a "." or a ".."'],
  ["/a/.", 'it has an empty segment, a "." or a ".."'],
  ["/a\nb", "control character at position 2"],
  ["/etc", 'it would cover "/etc" or lie in it'],
  ["/etc/ssl/certs", 'it would cover "/etc" or lie in it'],
  ["/sys/fs/cgroup", 'it would cover "/sys" or lie in it'],
  ["/tmp/x", 'it would cover "/tmp" or lie in it'],
]);

testReads(workerMountPathFormat, ["/data", "/var/lib/clrk/cache", "/run/other"]);

testRefused(workerMountPathFormat, [
  ["/var", 'it would cover "/var/lib/clrk/state" or lie in it'],
  ["/run", 'it would cover "/run/clrk" or lie in it'],
  ["/var/log/clrk/a", 'it would cover "/var/log/clrk" or lie in it'],
  ["/usr/local", 'it would cover "/usr" or lie in it'],
]);
