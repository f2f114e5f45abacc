/** Which files of the folder of records have the records of gateways, and in which order they were written. */

/** `records.jsonl`, `records-<pid>.jsonl`, and both with the time of their rotation. */
const recordFile = /^records(?:-(\d{1,10}))?(?:-(\d{8}T\d{9}Z))?\.jsonl$/;

/** Whether a gateway may write to the file: it has no time of a rotation. */
export function isOpenRecordFile(name: string): boolean {
  const found = recordFile.exec(name);
  return found !== null && found[2] === undefined;
}

/** Order of a file of records: rotated ones by their time, those that are written last; undefined for other files. */
export function recordFileKey(name: string): string | undefined {
  const found = recordFile.exec(name);
  if (found === null) return undefined;
  return `${found[2] ?? "~"} ${name}`;
}
