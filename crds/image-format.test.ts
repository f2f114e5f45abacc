/** Image references that registries take, and what is no image. */
import { imageFormat } from "./image-format.ts";
import { testReads, testRefused } from "./testdata/format-cases.ts";

testReads(imageFormat, [
  "busybox",
  "busybox:1.36",
  "registry.example.com:5000/team/agent:1.2",
  "ghcr.io/a/b@sha256:0123456789abcdef",
  "a/b_c-d+e",
]);

testRefused(imageFormat, [
  ["", ""],
  ["a b", ""],
  ["-a", ""],
  ["https://example.com/a", "a scheme is not part of an image"],
  ["/a", '"/" at an end'],
  ["a/", '"/" at an end'],
  ["a//b", "empty path segment"],
  ["a\n", ""],
  ["ä", ""],
]);
