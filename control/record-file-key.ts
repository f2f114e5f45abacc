/** Which files of the folder of records have the records of gateways, and in which order they were written. */

import { lineFileKey, readSeriesFileName } from "../gateway/line-file-name.ts";

const series = "records";

/** Whether a gateway may write to the file: it has no time of a rotation. */
export function isOpenRecordFile(name: string): boolean {
  const found = readSeriesFileName(series, name);
  return found !== undefined && found.rotatedAt === undefined;
}

/** Order of a file of records: rotated ones by their time, those that are written last; undefined for other files. */
export function recordFileKey(name: string): string | undefined {
  const found = readSeriesFileName(series, name);
  return found && lineFileKey(name, found);
}
