// Reads a NumPy .npy file, to show exact numbers. Nothing is shown if a file is not in the form
// expected here.

const kinds = { b: "Uint", u: "Uint", i: "Int", f: "Float" };
const arrays = new Map();

/** The array at an address as at(row, column), which gives the numbers there; asked for once. */
export function load(address) {
  if (!arrays.has(address)) {
    const loading = fetch(address).then(async (answer) => {
      if (!answer.ok) throw new Error(answer.statusText);
      return parse(await answer.arrayBuffer());
    });
    arrays.set(address, loading);
    loading.catch(() => arrays.delete(address));
  }
  return arrays.get(address);
}

function parse(buffer) {
  const view = new DataView(buffer);
  const bytes = new Uint8Array(buffer);
  const wide = bytes[6] > 1;
  const start = wide ? 12 : 10;
  const end = start + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = new TextDecoder().decode(bytes.subarray(start, end));

  const [, order, kind, size] = header.match(/'descr':\s*'([<>|=])([buif])([1248])'/) ?? [];
  const shape = (header.match(/'shape':\s*\(([^)]*)\)/)?.[1].match(/\d+/g) ?? []).map(Number);
  const read = `get${size === "8" && kind !== "f" ? "Big" : ""}${kinds[kind]}${8 * size}`;
  if (
    !view[read] ||
    /'fortran_order':\s*True/.test(header) ||
    shape.length < 2 ||
    shape.length > 3
  ) {
    throw new Error("an array of another kind");
  }

  const [, columns, channels = 1] = shape;
  const at = (row, column) =>
    Array.from({ length: channels }, (_, channel) =>
      view[read](end + ((row * columns + column) * channels + channel) * size, order !== ">"),
    );
  return { at };
}
