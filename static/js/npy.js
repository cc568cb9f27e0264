// Reads a NumPy .npy file: what readout.js needs to show exact numbers. Nothing is shown if a file
// is not in the form expected here.

const readers = {
  b1: ["getUint8", 1],
  u1: ["getUint8", 1],
  i1: ["getInt8", 1],
  u2: ["getUint16", 2],
  i2: ["getInt16", 2],
  u4: ["getUint32", 4],
  i4: ["getInt32", 4],
  u8: ["getBigUint64", 8],
  i8: ["getBigInt64", 8],
  f4: ["getFloat32", 4],
  f8: ["getFloat64", 8],
};

/** The array as { shape, at(row, column) }, where at() gives the numbers of one pixel. */
export function parse(buffer) {
  const view = new DataView(buffer);
  const bytes = new Uint8Array(buffer);
  if (String.fromCharCode(...bytes.subarray(1, 6)) !== "NUMPY") throw new Error("not an .npy file");
  const wide = bytes[6] > 1;
  const start = wide ? 12 : 10;
  const end = start + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = new TextDecoder().decode(bytes.subarray(start, end));

  const [, order, type] = header.match(/'descr':\s*'([<>|=])(\w+)'/) ?? [];
  const shape = (header.match(/'shape':\s*\(([^)]*)\)/)?.[1].match(/\d+/g) ?? []).map(Number);
  const reader = readers[type];
  if (!reader || /'fortran_order':\s*True/.test(header) || shape.length < 2 || shape.length > 3) {
    throw new Error("an array of another kind");
  }

  const [read, size] = reader;
  const [, columns, channels = 1] = shape;
  const at = (row, column) =>
    Array.from({ length: channels }, (_, channel) =>
      view[read](end + ((row * columns + column) * channels + channel) * size, order !== ">"),
    );
  return { shape, at };
}
