/** Tests of the look at the disk. */
import t from "tap";
import { freeSpaceObstacle } from "./free-space.ts";
import { temporaryFolder } from "./store-rig.ts";

t.test("too little room is an obstacle, an unknown folder is none", async (t) => {
  const directory = temporaryFolder(t);
  t.equal(freeSpaceObstacle(directory, 1), undefined);
  t.match(freeSpaceObstacle(directory, Number.MAX_SAFE_INTEGER), /bytes free, want/);
  t.equal(freeSpaceObstacle("/no/such/folder"), undefined);
});
